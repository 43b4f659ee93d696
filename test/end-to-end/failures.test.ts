import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually, patienceMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
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

describe('a herd that loses servers', function () {
  this.timeout(4 * patienceMs);
  let herd: Herd;
  let expected: ExpectedMemory;

  before(async () => {
    herd = await startHerd({ mode: 'one command a server' });
    expected = new ExpectedMemory(herd);
    await expected.report(herd.servers, 'all-here');
    await expected.holds();
  });
  after(() => herd.stop());

  it('[PE14][PE15][PE19] goes on while one of them dies, and fills him up again when he is back', async () => {
    const others = five.filter((server) => server !== 'Gasol');
    const serving = keepServing(herd, others);
    await expected.lose('Gasol');
    await expected.report(others, 'without-gasol');
    await expected.holds();
    await expected.regain('Gasol');
    await expected.holds();
    for (const answers of await serving.stop()) expect(answers).to.be.above(10);
  });

  it('[PE14][PE15] keeps on Metta what she learns while Bryant is away; when he is back all have the newest', async () => {
    await expected.lose('Bryant');
    await expected.report(['Metta', 'Blake'], 'without-bryant');
    // The later half of the times is Metta's for the one client, and Blake's for the other.
    for (const [index, time] of ['1', '2', '3', '4'].entries()) {
      await herd.report(index < 2 ? 'Blake' : 'Metta', 'rises-at-metta', time);
      await herd.report(index < 2 ? 'Metta' : 'Blake', 'rises-at-blake', time);
    }
    await expected.holds();
    await expected.regain('Bryant');
    await expected.holds();
    const ats = await herd.memoryOf('Gasol', ['rises-at-metta', 'rises-at-blake']);
    expect(ats[0]).to.match(/^AT Metta .* 4$/);
    expect(ats[1]).to.match(/^AT Blake .* 4$/);
    await herd.agrees(ats.map((at) => at ?? ''));
  });

  // Fails today: a server that first got a location is never told of it again by flood (PE13), also when it has lost its memory.
  it.skip('fills up a server with what it had heard itself, though who tells him knew nothing when they met', async () => {
    await expected.lose('Bryant', 'Gasol', 'Metta');
    // Metta and Bryant, both empty, have caught up with each other before Blake calls: he pauses longer and longer.
    await expected.regain('Metta', 'Gasol', 'Bryant');
    await expected.holds();
  });

  for (const [index, away] of waysToLoseTwo.entries()) {
    it(`[PE13][PE14][PE15][PE19] tells exactly whom it can reach without ${away.join(' and ')}`, async () => {
      const before: readonly string[] = waysToLoseTwo[index - 1] ?? [];
      await expected.regain(...before.filter((server) => !away.includes(server)));
      await expected.holds();
      await expected.lose(...away.filter((server) => !before.includes(server)));
      await expected.report(
        five.filter((server) => !away.includes(server)),
        `without-${away.join('-')}`,
      );
      await expected.holds();
    });
  }

  it('[PE14][PE15] agrees on everything when all are back', async () => {
    await expected.regain(...(waysToLoseTwo.at(-1) ?? []));
    await expected.holds();
    const reported = ['all-here-at-Metta', 'without-Blake-Bryant-at-Howard', 'without-Blake-Metta-at-Gasol'];
    for (const at of await herd.memoryOf('Metta', reported)) expect(at).to.be.a('string');
  });
});

// Who the children of a process are is asked of /proc.
(hasProc ? describe : describe.skip)('a herd of supervised processes', function () {
  this.timeout(4 * patienceMs);
  let herd: Herd;

  before(async () => {
    herd = await startHerd({ mode: 'processes' });
  });
  after(() => herd.stop());

  for (const dying of [['Bryant'], ['Blake', 'Metta']]) {
    it(`[PE14][PE15][PE19] starts ${dying.join(' and ')} again and fills up who comes back, while others serve`, async () => {
      const others = five.filter((server) => !dying.includes(server));
      const ats = [...(await reportAtEach(herd, five, `before-${dying.join('-')}`)).values()];
      await herd.agrees(ats);
      const serving = keepServing(herd, others);
      await herd.kill(...dying);
      ats.push(...(await reportAtEach(herd, others, `without-${dying.join('-')}`)).values());
      await backAgain(herd, dying);
      await herd.agrees(ats);
      for (const answers of await serving.stop()) expect(answers).to.be.above(10);
    });
  }

  it('has told on its terminal who went down, and who was up again', async () => {
    for (const who of ['Bryant', 'Blake: link to Bryant']) {
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
    for (const client of clients) expect(await client.rest()).to.equal('');
  });
});

/**
 * What each server of a herd must know: servers that can reach each other know the same, a server that dies forgets all,
 * and nobody else hears of anything.
 */
class ExpectedMemory {
  private readonly known = new Map<string, Map<string, string>>();
  private readonly clients: string[] = [];
  private readonly away = new Set<string>();

  constructor(private readonly herd: Herd) {
    for (const server of herd.servers) this.known.set(server, new Map());
  }

  /** Kills servers. */
  async lose(...servers: string[]): Promise<void> {
    await this.herd.kill(...servers);
    for (const server of servers) {
      this.away.add(server);
      this.known.set(server, new Map());
    }
  }

  /** Starts servers again. */
  async regain(...servers: string[]): Promise<void> {
    await this.herd.restart(...servers);
    for (const server of servers) this.away.delete(server);
    this.share();
  }

  /** Reports a client of its own at each of the servers. */
  async report(servers: readonly string[], occasion: string): Promise<void> {
    for (const [client, at] of await reportAtEach(this.herd, servers, occasion)) {
      this.clients.push(client);
      this.known.get(at.split(' ')[1] ?? '')?.set(client, at);
    }
    this.share();
  }

  /** Waits until each server that is there knows what it must, and nothing else. */
  async holds(): Promise<void> {
    for (const [server, known] of this.known) {
      if (this.away.has(server)) continue;
      const right = this.clients.map((client) => known.get(client));
      await eventually(
        `${server} knows ${known.size} of ${this.clients.length} clients, as they were reported`,
        async () => {
          expect(await this.herd.memoryOf(server, this.clients)).to.deep.equal(right);
          return true;
        },
      );
    }
  }

  private share(): void {
    for (const [server, known] of this.known) {
      for (const other of this.herd.reachOf(server, [...this.away])) {
        for (const [client, at] of this.known.get(other) ?? []) known.set(client, at);
      }
    }
  }
}

/** Reports a client of its own at each of the servers; returns the AT lines by client. */
async function reportAtEach(herd: Herd, servers: readonly string[], occasion: string): Promise<Map<string, string>> {
  const reports = servers.map(async (server) => {
    const client = `${occasion}-at-${server}`;
    return [client, await herd.report(server, client)] as const;
  });
  return new Map(await Promise.all(reports));
}

/** Waits until servers whose processes were killed listen again. */
async function backAgain(herd: Herd, servers: readonly string[]): Promise<void> {
  for (const server of servers) {
    await eventually(`${server} is back`, async () => (await herd.tell(server, 'x\n')) === '? x\n');
  }
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
      expect(await client.ask(`IAMAT busy-${server} +1+1 ${count}`)).to.match(new RegExp(`^AT ${server} `));
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
