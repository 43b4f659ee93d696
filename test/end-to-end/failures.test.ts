import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { ExpectedStores } from '../support/expected-stores.js';
import { startHerd, type Herd } from '../support/herd.js';
import { floodReplication, natsReplication } from '../support/replications.js';
import { childrenOf, hasProc, isAlive } from '../support/process-table.js';

const five = ['Blake', 'Bryant', 'Gasol', 'Howard', 'Metta'];

/** Every way to lose two of five. From one to the next, one server comes back and another one dies. */
const waysToLoseTwo: readonly (readonly [string, string])[] = [
  ['Blake', 'Bryant'],
  ['Bryant', 'Gasol'],
  ['Blake', 'Gasol'],
  ['Gasol', 'Howard'],
  ['Bryant', 'Howard'],
  ['Blake', 'Howard'],
  ['Howard', 'Metta'],
  ['Gasol', 'Metta'],
  ['Bryant', 'Metta'],
  ['Blake', 'Metta'],
];

for (const spread of [floodReplication, natsReplication]) {
  // Who is away makes no difference on NATS, where nobody is behind anybody.
  const ways: readonly (readonly string[])[] =
    spread === floodReplication ? waysToLoseTwo : [waysToLoseTwo[0] ?? [], waysToLoseTwo[9] ?? []];

  spread.describe(`a herd that loses servers${spread.title}`, function () {
    this.timeout(4 * defaultTimeoutMs);
    let herd: Herd;
    let expected: ExpectedStores;

    before(async () => {
      herd = await startHerd({ mode: 'one command a server', hasLogs: true, ...(await spread.start()) });
      expected = new ExpectedStores(herd);
      await expected.report(herd.servers, 'all-here');
      await expected.expectReplicated();
    });
    after(() => herd.stop());
    after(spread.stop);

    it('[PE14][PE15][PE19] goes on while one of them dies, and fills him up again when he is back', async () => {
      const others = five.filter((server) => server !== 'Gasol');
      const serving = keepServing(herd, others);
      await expected.kill('Gasol');
      await expected.report(others, 'without-gasol');
      await expected.expectReplicated();
      await expected.restart('Gasol');
      await expected.expectReplicated();
      for (const answers of await serving.stop()) expect(answers).to.be.above(10);
    });

    it('[PE14][PE15] keeps on Metta what she learns while Bryant is away; when he is back all have the newest', async () => {
      await expected.kill('Bryant');
      await expected.report(['Metta', 'Blake'], 'without-bryant');
      const newest = [];
      for (const [client, earlier, later] of [
        ['rises-at-metta', 'Blake', 'Metta'],
        ['rises-at-blake', 'Metta', 'Blake'],
      ] as const) {
        await herd.report(earlier, client, '1');
        newest.push(await herd.report(later, client, '2'));
      }
      await expected.expectReplicated();
      await expected.restart('Bryant');
      await expected.expectReplicated();
      await herd.waitForAgreement(newest);
    });

    it('[WH10] finds again what a server first got and has lost, though those who tell him knew nothing when they met', async () => {
      await expected.kill('Bryant', 'Gasol', 'Metta');
      // Metta and Bryant, both empty, agree before Blake calls; and nobody tells Metta by himself what she was the first to get.
      await expected.restart('Metta', 'Gasol', 'Bryant');
      await herd.waitForAgreement([await herd.report('Blake', 'behind')], ['Metta']);
      await expected.expectQueriesAnswered();
    });

    for (const [index, away] of ways.entries()) {
      it(`[PE13][PE14][PE15][PE19] tells exactly whom it can reach without ${away.join(' and ')}`, async () => {
        const before: readonly string[] = ways[index - 1] ?? [];
        await expected.restart(...before.filter((server) => !away.includes(server)));
        await expected.expectReplicated();
        await expected.kill(...away.filter((server) => !before.includes(server)));
        await expected.report(
          five.filter((server) => !away.includes(server)),
          `without-${away.join('-')}`,
        );
        await expected.expectReplicated();
      });
    }

    it('[PE14][PE15] agrees on everything when all are back', async () => {
      await expected.restart(...(ways.at(-1) ?? []));
      await expected.expectReplicated();
      const reported = [
        'all-here-at-Metta',
        'without-Blake-Bryant-at-Howard',
        `without-${ways.at(-1)?.join('-') ?? ''}-at-Gasol`,
      ];
      for (const at of await herd.queryLocations('Metta', reported)) expect(at).to.be.a('string');
    });
  });

  // Who the children of a process are is asked of /proc.
  (hasProc ? spread.describe : describe.skip)(`a herd of supervised processes${spread.title}`, function () {
    this.timeout(4 * defaultTimeoutMs);
    let herd: Herd;
    let expected: ExpectedStores;

    before(async () => {
      herd = await startHerd({ mode: 'processes', hasLogs: true, ...(await spread.start()) });
      expected = new ExpectedStores(herd);
    });
    after(() => herd.stop());
    after(spread.stop);

    for (const dying of [['Bryant'], ['Blake', 'Metta']]) {
      it(`[PE14][PE15][PE19] starts ${dying.join(' and ')} again and fills up who comes back, while others serve`, async () => {
        const others = five.filter((server) => !dying.includes(server));
        const serving = keepServing(herd, others);
        await expected.report(five, `with-${dying.join('-')}`);
        await expected.expectReplicated();
        await expected.kill(...dying);
        await expected.report(others, `without-${dying.join('-')}`);
        await expected.restart(...dying);
        await expected.expectReplicated();
        for (const answers of await serving.stop()) expect(answers).to.be.above(10);
      });
    }

    it('has told on its terminal who went down, and who was up again', async () => {
      for (const who of spread === floodReplication ? ['Bryant', 'Blake: link to Bryant'] : ['Bryant']) {
        const story = new RegExp(`^\\S+ ${who} is down \\(.+\\)$[^]*^\\S+ ${who} is up$`, 'm');
        await eventually(`${who} is told of`, () => story.test(herd.command().stdout));
      }
    });

    it('ends with its supervisor, when that one is killed: clients or not', async () => {
      const clients = await Promise.all(five.map((server) => herd.connect(server)));
      const children = childrenOf(herd.command().pid).filter(({ args }) => args.includes('serve'));
      expect(children).to.have.lengthOf(5);
      herd.command().signal('SIGKILL');
      await eventually('its children are gone', () => !children.some(({ pid }) => isAlive(pid)));
      for (const client of clients) expect(await client.readToEnd()).to.equal('');
    });
  });
}

/** Often enough to notice a server that pauses, seldom enough to leave the machine to the others. */
const askEveryMs = 5;

/** Keeps one client at each server asking, until it is stopped; then tells how many answers each got. */
function keepServing(herd: Herd, servers: readonly string[]): { stop(): Promise<number[]> } {
  let state: 'asking' | 'done' = 'asking';
  const answers = servers.map(async (server) => {
    const client = await herd.connect(server);
    let count = 0;
    for (; state === 'asking'; count += 1) {
      expect(await client.request(`IAMAT busy-${server} +1+1 ${count}`)).to.match(new RegExp(`^AT ${server} `));
      await pause(askEveryMs);
    }
    client.close();
    return count;
  });
  return {
    stop: () => {
      state = 'done';
      return Promise.all(answers);
    },
  };
}
