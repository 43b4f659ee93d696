import { expect } from 'chai';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
import { pinToOneCore } from '../support/one-core.js';

const reads = 300;
/** Each takes a start of a server; `npm run bench:answers` does 20. */
const kills = 5;

/** Reports in alternating places, and asks a server right after each answer; returns how often it knew. */
async function readsThatKnow(herd: Herd, reportTo: string, askAt: string): Promise<number> {
  const [reporter, asker] = [await herd.connect(reportTo), await herd.connect(askAt)];
  const client = `client-of-${askAt}`;
  await herd.waitForAgreement([await herd.report(reportTo, client, '1')], [askAt]);
  let known = 0;
  for (let read = 1; read <= reads; read += 1) {
    const position = read % 2 === 0 ? '+34.068930-118.445127' : '-27.5916+086.5640';
    const at = await reporter.request(`IAMAT ${client} ${position} 1.${String(read).padStart(3, '0')}`);
    if ((await asker.request(`WHATSAT ${client} 0 0`)) === at) known += 1;
    await asker.line();
  }
  reporter.close();
  asker.close();
  return known;
}

describe('an AT answer', function () {
  this.timeout(4 * defaultTimeoutMs);

  describe('to a client on the core of the servers, each a process', () => {
    let herd: Herd;
    let unpin: (() => void) | undefined;

    before(async function () {
      // Elsewhere nobody can be put on a core.
      if ((unpin = pinToOneCore()) === undefined) return this.skip();
      herd = await startHerd({ mode: 'one command a server', topology: { Blake: ['Bryant'] } });
    });

    after(async () => {
      unpin?.();
      if (unpin !== undefined) await herd.stop();
    });

    it(`[IA7] says that a neighbour knows the location: it is asked right after, ${reads} times`, async () => {
      expect(await readsThatKnow(herd, 'Blake', 'Bryant')).to.equal(reads);
    });

    it(`[IA7] says that kill -9 does not lose the location: the server is killed right after, ${kills} times`, async () => {
      const lost: string[] = [];
      for (let kill = 1; kill <= kills; kill += 1) {
        // Linked again: what is told to one is known to the other.
        await herd.waitForAgreement([await herd.report('Blake', `phone-${kill}`, '1')], ['Bryant']);
        const reporter = await herd.connect('Blake');
        const pid = herd.pidOf('Blake');
        const at = await reporter.request(`IAMAT phone-${kill} +34.068930-118.445127 2`);
        process.kill(pid, 'SIGKILL');
        reporter.close();
        await herd.command('Blake').waitForExit();
        const [held] = await herd.queryLocations('Bryant', [`phone-${kill}`]);
        if (held !== at) lost.push(at);
        await herd.restart('Blake');
      }
      expect(lost).to.deep.equal([]);
    });
  });

  it(`[IA7] in one process says so of servers at one hop and at two, ${reads} times each`, async () => {
    const herd = await startHerd({ mode: 'one process', topology: { Blake: ['Bryant'], Bryant: ['Howard'] } });
    for (const server of ['Bryant', 'Howard'])
      expect(await readsThatKnow(herd, 'Blake', server), server).to.equal(reads);
    await herd.stop();
  });
});
