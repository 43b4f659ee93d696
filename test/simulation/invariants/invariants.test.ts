import { expect } from 'chai';
import { ResponseQueue } from '../../../src/actors/client/response-queue.js';
import { Flood } from '../../../src/actors/replication/flood.js';
import { AntiEntropy } from '../../../src/actors/store/anti-entropy.js';
import { noCell } from '../../../src/actors/store/cell-allocator.js';
import { LocationStore } from '../../../src/actors/store/location-store.js';
import type { LocationTable } from '../../../src/actors/store/location-table.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { FloodMessage } from '../../../src/actors/replication/messages.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import type { Bus } from '../../../src/actors/bus/bus.js';
import type { PeerSession } from '../../../src/actors/peer/peer-session.js';
import { PeerLink } from '../../../src/actors/peer/peer-link.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { parseAt, type Location } from '../../../src/protocol/place/location.js';
import { Digest } from '../../../src/protocol/place/digest.js';
import { createInvariants } from '../../../src/simulation/invariants/all.js';
import type { Invariant } from '../../../src/simulation/invariants/invariant.js';
import { SimulatedTurn } from '../../../src/simulation/network/simulated-turn.js';
import { restoreMethods, injectBug } from './inject-bug.js';
import { violatedInvariants, createScenario, runSimulation } from '../../support/simulate.js';

const busy = 'clients: { count: 20, rate: 40/s, late: 20% }';

/** A server that dies, and comes back with nothing. */
const restart = `
steps:
  - { at: 3s, crash: Bryant }
  - { at: 5s, restart: Bryant }
`;

function busOf(actor: object): Bus {
  return Reflect.get(actor, 'bus') as Bus;
}

/** The same location, a little elsewhere. */
function rounded({ line, position }: Location): Location {
  return parseAt(line.replace(position, '+34+118')) ?? expect.fail(line);
}

describe('the invariants', () => {
  const seen = new Set<string>();
  const caught = async (name: string, text: string): Promise<void> => {
    seen.add(name);
    expect(await violatedInvariants(text)).to.include(name);
  };

  afterEach(restoreMethods);

  it('hold without an injected bug', async () => {
    expect(await violatedInvariants(`${busy}\n${restart}`)).to.deep.equal([]);
  });

  it('monotonic: a store accepts whatever arrives last', async () => {
    injectBug(LocationStore, 'accept', (store, [batch, row, from], sound) => {
      const table = Reflect.get(store, 'table') as LocationTable;
      const known = table.find(batch as LocationBatch, row as number);
      if (from === undefined && known !== noCell) table.remove(known);
      return sound();
    });
    await caught('monotonic', `${busy}\nsteps: [{ at: 10s, expect: converged }]`);
  });

  it('integrity: a store rounds the positions that it receives', async () => {
    injectBug(LocationStore, 'receive', (store, [message]) => {
      const heard = message as StoreMessage;
      const learn = Reflect.get(store, 'learn') as (batch: LocationBatch, from: unknown) => void;
      if (heard.kind === 'learned') learn.call(store, LocationBatch.of(Array.from(heard.batch, rounded)), heard.from);
      if (heard.kind === 'report') learn.call(store, heard.batch, undefined);
    });
    await caught('integrity', `${busy}\nsteps: [{ at: 3s, heal: all }]`);
  });

  /** A phone that is 22 hours ahead for some seconds, and reports for more than a minute after it was set right. */
  const ahead = `
clients: { count: 1, rate: 2/s }
steps:
  - { at: 2s, phone: { client: phone-1, clock: 22h } }
  - { at: 6s, phone: { client: phone-1, clock: 0s } }
  - { at: 75s, expect: converged }
`;

  it('hold where the clock of a phone is far ahead for a while', async () => {
    expect(await violatedInvariants(ahead)).to.deep.equal([]);
  });

  it('newest-wins: a store goes by the time that clients write, however far ahead it is', async () => {
    injectBug(LocationStore, 'accept', (store, [batch, row], sound) => {
      const table = Reflect.get(store, 'table') as LocationTable;
      const location = (batch as LocationBatch).location(row as number);
      const known = table.get(location.client);
      return known !== undefined && Number(location.time) < Number(known.time) ? false : sound();
    });
    await caught('newest-wins', ahead);
  });

  it('no-echo: Flood sends to every neighbour, including the sender', async () => {
    injectBug(Flood, 'receive', (flood, [message], sound) => {
      sound();
      const told = message as FloodMessage;
      if (told.kind !== 'replicate' || told.from === undefined) return;
      const forwarded = Reflect.get(flood, 'forwarded') as (batch: LocationBatch) => LocationBatch;
      const batch = forwarded.call(flood, told.batch);
      busOf(flood).send(addresses.link(told.from), { kind: 'forward', batch });
    });
    await caught('no-echo', `${busy}\nsteps: [{ at: 3s, heal: all }]`);
  });

  it('read-your-writes: links are written some turns after clients', async () => {
    const text =
      'network: { delay: 1ms..1ms }\nclients: { count: 20, rate: 60/s, checks: 50% }\nsteps: [{ at: 3s, heal: all }]';
    expect(await violatedInvariants(text)).to.deep.equal([]);
    let turns = 0;
    injectBug(SimulatedTurn, 'end', (turn, _, sound) => {
      turns += 1;
      if (turns % 40 === 0) return sound();
      turn.reports.flush();
      while (!turn.clients.isEmpty) turn.clients.flush();
      return undefined;
    });
    await caught('read-your-writes', text);
  });

  it('acknowledged-survives: clients are written before links, in each turn', async () => {
    // The report gets to Ada after 15 ms, and she is killed a moment after she has answered it, or while she does.
    const steps = Array.from({ length: 20 }, (_, index) => [
      `- { at: ${index + 2}s, report: { server: Ada, client: phone-${index}, position: '+1+1' } }`,
      `- { at: ${index + 2}016ms, crash: Ada }`,
      `- { at: ${index + 2}100ms, restart: Ada }`,
    ]).flat();
    const herd = 'herd: { servers: [Ada, Bob], topology: { Ada: [Bob] } }\nnetwork: { delay: 5ms..5ms }';
    const text = `${herd}\nsteps:\n  ${steps.join('\n  ')}`;
    expect(await violatedInvariants(text)).to.deep.equal([]);
    injectBug(SimulatedTurn, 'run', (turn, _, sound) => {
      turn.clients.flush();
      return sound();
    });
    await caught('acknowledged-survives', text);
  });

  it('answers-in-order: an answer that is known does not wait for those before it', async () => {
    injectBug(ResponseQueue, 'add', (queue, [text]) => (Reflect.get(queue, 'write') as (text: unknown) => void)(text));
    await caught(
      'responses-in-order',
      'clients: { count: 3, rate: 60/s, queries: 30% }\nsteps: [{ at: 5s, heal: all }]',
    );
  });

  it('no-failure: an actor throws now and then', async () => {
    let messages = 0;
    injectBug(Flood, 'receive', (_, __, sound) => {
      messages += 1;
      if (messages === 50) throw new Error('thrown by a planted bug');
      return sound();
    });
    await caught('no-failure', `${busy}\nsteps: [{ at: 5s, heal: all }]`);
  });

  it('bounds: a full store evicts nothing', async () => {
    injectBug(LocationStore, 'evictExcess', () => undefined);
    const small = 'herd: { servers: [A, B], topology: { A: [B] }, limits: { maxClients: 5 } }';
    await caught('bounds', `${small}\n${busy}\nsteps: [{ at: 5s, heal: all }]`);
    await caught(
      'bounds',
      `${small.replace('maxClients: 5', 'maxStoreBytes: 4096')}\n${busy.replace('20', '60')}\nsteps: [{ at: 5s, heal: all }]`,
    );
  });

  it('what shows only now and then is looked at after each step, and once a second between them', async () => {
    const looksMs: number[] = [];
    const looking: Invariant = {
      name: 'looking',
      checkPeriodically: ({ environment }) => {
        looksMs.push(environment.nowMs());
        return [];
      },
    };
    const steps = 'steps: [{ at: 300ms, crash: Blake }, { at: 1500ms, restart: Blake }]';
    await runSimulation(createScenario(`settle: 1s\n${steps}`), { invariants: [looking] });
    expect(looksMs.slice(0, 4)).to.deep.equal([300, 1_000, 1_500, 2_000]);
  });

  it('links-return: a link that was lost is not made again', async () => {
    for (const loses of ['abort', 'handleClosed']) {
      injectBug(PeerLink, loses, (link) => Reflect.apply(Reflect.get(link, 'disconnect') as () => void, link, []));
    }
    await caught('link-recovery', `${busy}\n${restart}`);
  });

  it('refilled: a catch-up has no locations in it', async () => {
    injectBug(AntiEntropy, 'nextPage', () => ({ locations: [], isLast: true }));
    await caught('restart-catch-up', `${busy}\n${restart}`);
  });

  it('agreement: flood drops every tenth location', async () => {
    let messages = 0;
    injectBug(Flood, 'receive', (_, __, sound) => ((messages += 1) % 10 === 0 ? undefined : sound()));
    await caught('agreement', `${busy}\nsettle: 3s\nsteps: [{ at: 5s, heal: all }]`);
  });

  it('agreement: a digest is not of what the store holds', async () => {
    let digests = 0;
    injectBug(Digest, 'encodePartitionHashes', (_, __, sound) => {
      digests += 1;
      const described = sound() as string;
      return digests % 2 === 0 ? described.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) : described;
    });
    await caught('agreement', `${busy}\nsettle: 3s\nsteps: [{ at: 5s, heal: all }]`);
  });

  it('quiet: a link says the last location again with each beat', async () => {
    const last = new Map<object, readonly Location[]>();
    injectBug(PeerLink, 'receive', (link, [message], sound) => {
      const heard = message as LinkMessage;
      if (heard.kind === 'forward') {
        last.set(link, [...heard.batch]);
      }
      return sound();
    });
    injectBug(PeerLink, 'checkHeartbeat', (link, _, sound) => {
      const locations = last.get(link);
      const session = Reflect.get(link, 'session') as PeerSession | undefined;
      if (locations !== undefined) session?.forward(LocationBatch.of(locations));
      return sound();
    });
    await caught('quiescent', `${busy}\nsteps: [{ at: 5s, heal: all }]`);
  });

  it('have each been seen to catch a bug', () => {
    expect([...seen].sort()).to.deep.equal(
      createInvariants(createScenario(''))
        .map(({ name }) => name)
        .sort(),
    );
  });
});
