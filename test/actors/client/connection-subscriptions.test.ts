import { expect } from 'chai';
import { Connection } from '../../../src/actors/client/connection.js';
import { defaultLimits, type Limits } from '../../../src/actors/ports/limits.js';
import { LocationStore } from '../../../src/actors/store/location-store.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { FloodMessage } from '../../../src/actors/replication/messages.js';
import type { ServerMessage } from '../../../src/actors/server/messages.js';
import type { UpstreamMessage } from '../../../src/actors/upstream/messages.js';
import { queuedLocationBytes } from '../../../src/actors/store/location-bytes.js';
import {
  SubscriptionRegistry,
  maxSubscriptionsPerConnection,
} from '../../../src/actors/client/subscription-registry.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { SharedLimits } from '../../../src/actors/client/shared-limits.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { FakeClientChannel } from '../../support/fake-client-channel.js';
import { FakeClientLookup } from '../../support/fake-client-lookup.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { fixedRandom } from '../../support/fixed-random.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { sendInput } from '../../support/client-input.js';
import { sessionSettings } from '../../support/session-settings.js';

const receivedAt = { seconds: 1_353_118_104, nanoseconds: 0 };
/** Reads what a server said by the rule of [WA5]. */
function readBy(commands: readonly string[], lines: readonly string[]): { answers: string[]; changes: string[] } {
  const open = [...commands];
  const answers: string[] = [];
  const changes: string[] = [];
  for (const [index, line] of lines.entries()) {
    const [name, client, position, time] = open[0]?.split(' ') ?? [];
    const [at, , , ...where] = line.split(' ');
    const isReport = name === 'IAMAT' && where.join(' ') === [client, position, time].join(' ');
    const isFound = name === 'WHATSAT' && where[0] === client && lines[index + 1]?.startsWith('{') === true;
    if (at !== 'AT' || isReport || isFound) {
      answers.push(line);
      if (!isFound) open.shift();
    } else changes.push(line);
  }
  return { answers, changes };
}

const tooMuchBacklog = defaultLimits.maxOutputBufferBytes + 1;

/** A connection with the store and the watch behind it, as in a server. */
describe('a connection that watches', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let wire: FakeClientChannel;
  let shared: SharedLimits;
  let connection: Connection;
  let upstream: FakeActor<UpstreamMessage>;
  let server: FakeActor<ServerMessage>;

  function begin(limits: Partial<Limits> = {}): void {
    bus = strictBus();
    clock = new VirtualClock();
    wire = new FakeClientChannel();
    upstream = new FakeActor();
    server = new FakeActor();
    bus.attach(addresses.server, server);
    bus.attach(addresses.upstream, upstream);
    bus.attach(addresses.flood, new FakeActor<FloodMessage>());
    bus.attach(addresses.store, new LocationStore(bus, new VirtualClock(), fixedRandom, defaultLimits));
    bus.attach(addresses.lookup, new FakeClientLookup(bus));
    bus.attach(
      addresses.subscriptions,
      new SubscriptionRegistry(bus, defaultLimits, { allClientsSubscribers: 0 }, false),
    );
    const bounds = { ...defaultLimits, ...limits };
    shared = new SharedLimits(bounds, clock);
    const settings = sessionSettings(bus, {
      server: toServerId('Blake'),
      limits: bounds,
      upstream: fakeUpstream,
      shared,
    });
    connection = new Connection(bus, clock, settings, 1, wire);
    bus.attach(addresses.connection(1), connection);
  }
  beforeEach(() => begin());

  function sendLine(text: string): void {
    sendInput(bus, addresses.connection(1), text, receivedAt);
  }

  function closeSendingSide(): void {
    bus.send(addresses.connection(1), { kind: 'ended', receivedAt });
  }

  /** A neighbour tells where clients are. */
  function learn(...locations: Location[]): void {
    bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of(locations), from: toServerId('Metta') });
  }

  const lineOf = (client: string, seconds: number) => `${createLocation(client, seconds).line}\n`;
  const ownLineOf = (client: string, seconds: number) =>
    `AT Blake +${receivedAt.seconds - seconds}.000000000 ${client} +1+1 ${seconds}\n`;

  it('[WA1] gets the location of the client, and from then on each change', () => {
    learn(createLocation('kiwi', 1));
    sendLine('WATCH kiwi\n');
    expect(wire.take()).to.equal(`WATCHING kiwi\n${lineOf('kiwi', 1)}`);
    learn(createLocation('kiwi', 2), createLocation('moa', 2), createLocation('kiwi', 3));
    expect(wire.take()).to.equal(lineOf('kiwi', 2) + lineOf('kiwi', 3));
    learn(createLocation('kiwi', 1), createLocation('kiwi', 3));
    expect(wire.take(), 'nothing new').to.equal('');
  });

  it('[WA1] gets the location of an unknown client once it is known', () => {
    sendLine('WATCH kiwi\n');
    expect(wire.take()).to.equal('WATCHING kiwi\n');
    learn(createLocation('kiwi', 1));
    expect(wire.take()).to.equal(lineOf('kiwi', 1));
  });

  it('[WA1] receives client IDs byte for byte', () => {
    sendLine('  WATCH\t\xff\xfe \n');
    expect(wire.take()).to.equal('WATCHING \xff\xfe\n');
  });

  it('[WA2] gets changes of all clients, but not what was known before', () => {
    learn(createLocation('kiwi', 1));
    sendLine('WATCH *\n');
    expect(wire.take()).to.equal('WATCHING *\n');
    learn(createLocation('kiwi', 2), createLocation('moa', 1));
    expect(wire.take()).to.equal(lineOf('kiwi', 2) + lineOf('moa', 1));
    sendLine('WATCH kiwi\nWATCH kiwi\nWATCH *\n');
    expect(wire.take()).to.equal(`WATCHING kiwi\nWATCHING kiwi\nWATCHING *\n${lineOf('kiwi', 2)}`);
    learn(createLocation('kiwi', 3));
    expect(wire.take()).to.equal(lineOf('kiwi', 3));
  });

  it('[WA3] gets no more changes after UNWATCH', () => {
    sendLine('WATCH kiwi\nWATCH moa\nWATCH *\nUNWATCH *\nUNWATCH moa\nUNWATCH emu\n');
    expect(wire.take()).to.equal(
      'WATCHING kiwi\nWATCHING moa\nWATCHING *\nUNWATCHED *\nUNWATCHED moa\nUNWATCHED emu\n',
    );
    learn(createLocation('moa', 1), createLocation('emu', 1), createLocation('kiwi', 1));
    expect(wire.take()).to.equal(lineOf('kiwi', 1));
    sendLine('UNWATCH\nUNWATCH\n');
    learn(createLocation('kiwi', 2));
    expect(wire.take()).to.equal('UNWATCHED\nUNWATCHED\n');
    sendLine('WATCH moa\nUNWATCH moa\nWATCH kiwi\n');
    learn(createLocation('moa', 2), createLocation('kiwi', 3));
    expect(wire.take()).to.equal(
      `WATCHING moa\nUNWATCHED moa\nWATCHING kiwi\n${lineOf('kiwi', 2)}${lineOf('kiwi', 3)}`,
    );
  });

  it('[WA3] does not get changes that were pending at its UNWATCH', () => {
    sendLine('WATCH *\nWATCH moa\n');
    wire.take();
    wire.bufferedBytes = tooMuchBacklog;
    learn(createLocation('kiwi', 1), createLocation('moa', 1));
    sendLine('UNWATCH *\n');
    expect(wire.take()).to.equal('');
    wire.bufferedBytes = 0;
    bus.send(addresses.connection(1), { kind: 'drained' });
    expect(wire.take()).to.equal(`UNWATCHED *\n${lineOf('moa', 1)}`);
  });

  it('[WA4] gets reports made after its WATCH, behind the response, and none made before', () => {
    sendLine('IAMAT kiwi +1+1 1\nWATCH *\nIAMAT kiwi +1+1 2\n');
    expect(wire.take()).to.equal(`${ownLineOf('kiwi', 1)}WATCHING *\n${ownLineOf('kiwi', 2).repeat(2)}`);
    sendLine('UNWATCH\nIAMAT kiwi +1+1 3\nWATCH kiwi\n');
    expect(wire.take()).to.equal(`UNWATCHED\n${ownLineOf('kiwi', 3)}WATCHING kiwi\n${ownLineOf('kiwi', 3)}`);
  });

  it('[WA4] gets nothing while a response is pending, and then the newest', () => {
    sendLine('WATCH *\nIAMAT kiwi +1+1 1\n');
    wire.take();
    sendLine('WHATSAT kiwi 1 1\nWATCH moa\n');
    learn(createLocation('kiwi', 2), createLocation('moa', 1));
    learn(createLocation('kiwi', 3));
    expect(wire.take()).to.equal('');
    bus.send(addresses.connection(1), { kind: 'nearby-response', requestId: 2, json: '{}' });
    expect(wire.take()).to.equal(`${ownLineOf('kiwi', 1)}{}\nWATCHING moa\n${lineOf('kiwi', 3)}${lineOf('moa', 1)}`);
  });

  it('[WA5] can distinguish changes from responses', () => {
    const commands = ['WATCH *', 'IAMAT kiwi +1+1 1', 'WHATSAT kiwi 1 1', 'IAMAT kiwi +1+1 50', 'AT', 'UNWATCH emu'];
    const json = '{"results":[]}';
    for (const [index, command] of commands.entries()) {
      sendLine(`${command}\n`);
      learn(createLocation('kiwi', 2 + index), createLocation('moa', 2 + index));
      if (command.startsWith('WHATSAT')) {
        bus.send(addresses.connection(1), { kind: 'nearby-response', requestId: 2, json });
      }
    }
    const { answers, changes } = readBy(commands, wire.take().split('\n').slice(0, -1));
    const own = ownLineOf('kiwi', 1).trimEnd();
    const newest = createLocation('kiwi', 3).line;
    expect(answers).to.deep.equal([
      'WATCHING *',
      own,
      newest,
      json,
      ownLineOf('kiwi', 50).trimEnd(),
      '? AT',
      'UNWATCHED emu',
    ]);
    const timesOf = (client: string) =>
      changes.filter((line) => line.includes(` ${client} `)).map((line) => Number(line.split(' ').at(-1)));
    expect(timesOf('moa')).to.deep.equal([2, 3, 4, 5, 6, 7]);
    expect(timesOf('kiwi')).to.deep.equal([2, 3, 4, 50]);
  });

  describe('[WA6] and does not read', () => {
    it('gets the newest of each client when it does', () => {
      sendLine('WATCH *\n');
      wire.take();
      const conflated = collectEvents(bus, 'subscription-conflated');
      wire.bufferedBytes = tooMuchBacklog;
      for (let second = 1; second <= 1_000; second += 1)
        learn(createLocation('kiwi', second), createLocation('moa', second));
      expect(wire.take()).to.equal('');
      wire.bufferedBytes = 0;
      learn(createLocation('emu', 1));
      expect(wire.take(), 'what waits comes first').to.equal('');
      bus.send(addresses.connection(1), { kind: 'drained' });
      expect(wire.take()).to.equal(lineOf('kiwi', 1_000) + lineOf('moa', 1_000) + lineOf('emu', 1));
      expect(conflated.reduce((sum, { count }) => sum + count, 0)).to.equal(2 * 999);
      learn(createLocation('kiwi', 1_001));
      expect(wire.take()).to.equal(lineOf('kiwi', 1_001));
    });

    it('[WA3] gets no changes of a subscription that UNWATCH ended, whatever else is pending or watched', () => {
      sendLine('WATCH kiwi\nWATCH moa\nWATCH *\n');
      wire.take();
      wire.bufferedBytes = tooMuchBacklog;
      learn(createLocation('emu', 1), createLocation('moa', 1), createLocation('kiwi', 1));
      sendLine('UNWATCH moa\nUNWATCH *\n');
      wire.bufferedBytes = 0;
      bus.send(addresses.connection(1), { kind: 'drained' });
      expect(wire.take()).to.equal(`UNWATCHED moa\nUNWATCHED *\n${lineOf('kiwi', 1)}`);
    });

    it('[WA3] ends thousands of subscriptions quickly, however many changes are queued', function () {
      this.timeout(20_000);
      sendLine('WATCH *\n');
      wire.bufferedBytes = tooMuchBacklog;
      learn(...Array.from({ length: 100_000 }, (_, index) => createLocation(`phone${index}`, 1)));
      sendLine('UNWATCH x\n'.repeat(6_500));
      wire.take();
      wire.bufferedBytes = 0;
      const startMs = performance.now();
      bus.send(addresses.connection(1), { kind: 'drained' });
      clock.advance(1_000);
      // One pass over all that waits takes 4 ms here; one for each UNWATCH takes 25 s.
      expect(performance.now() - startMs).to.be.below(5_000);
      expect(wire.take().match(/UNWATCHED x\n/g)).to.have.lengthOf(6_500);
    });

    it('is closed when it reads nothing at all, but not when it reads slowly', () => {
      begin({ writeTimeoutMs: 60_000 });
      sendLine('WATCH *\n');
      wire.bufferedBytes = tooMuchBacklog;
      learn(createLocation('kiwi', 1));
      clock.advance(30_000);
      bus.send(addresses.connection(1), { kind: 'drained' });
      learn(createLocation('kiwi', 2));
      clock.advance(59_999);
      expect(server.take()).to.deep.equal([]);
      clock.advance(1);
      const reason = 'read nothing for 60 s while its output buffer was full';
      expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason }]);
    });

    it('is closed when changes of more than 100,000 clients are queued', () => {
      sendLine('WATCH *\n');
      wire.bufferedBytes = tooMuchBacklog;
      learn(...Array.from({ length: 100_000 }, (_, index) => createLocation(`phone${index}`, 1)));
      learn(createLocation('phone7', 2));
      expect(server.take()).to.deep.equal([]);
      learn(createLocation('kiwi', 1));
      const reason = 'subscriber too slow: changes of more than 100000 clients queued';
      expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason }]);
    });
  });

  it('is closed when the location of a new subscription is one too many to be queued', () => {
    learn(createLocation('kiwi', 1));
    sendLine('WATCH *\nWHATSAT kiwi 1 1\n');
    learn(...Array.from({ length: 100_000 }, (_, index) => createLocation(`phone${index}`, 1)));
    expect(server.take()).to.deep.equal([]);
    sendLine('WATCH kiwi\n');
    const reason = 'subscriber too slow: changes of more than 100000 clients queued';
    expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason }]);
  });

  it('[WA7] gets an invalid response to a WATCH beyond the limit, and stays open', () => {
    sendLine(Array.from({ length: maxSubscriptionsPerConnection }, (_, index) => `WATCH phone${index}\n`).join(''));
    wire.take();
    sendLine('WATCH  kiwi\nWATCH phone1\n');
    expect(wire.take()).to.equal('? WATCH  kiwi\nWATCHING phone1\n');
    learn(createLocation('kiwi', 1), createLocation('phone1', 1));
    expect(wire.take()).to.equal(lineOf('phone1', 1));
  });

  it('[WA7] gets an invalid response to a WATCH beyond the limit of ID bytes, until other subscriptions end', () => {
    begin({ maxClientIdBytes: 4_096 });
    const long = (letter: string) => `WATCH ${letter.repeat(4_000)}`;
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');
    sendLine(letters.map((letter) => `${long(letter)}x\n`).join(''));
    wire.take();
    sendLine(`${long('.')}\n${long('.')}\n`);
    const [first = '', second = ''] = wire.take().split('\n');
    expect([first.slice(0, 9), second.slice(0, 9)]).to.deep.equal(['WATCHING ', '? WATCH .']);
    sendLine(`UNWATCH\n${long('.')}\n`);
    expect(wire.take()).to.match(/^UNWATCHED\nWATCHING \.+\n$/);
  });

  describe('[WA11] from a host at its limit of subscribers', () => {
    beforeEach(() => begin({ maxSubscribersPerAddress: 2 }));

    it('gets an invalid response to its WATCH, until another subscriber leaves', () => {
      shared.subscribersPerAddress.tryAcquire('192.0.2.1');
      shared.subscribersPerAddress.tryAcquire('192.0.2.1');
      sendLine('WATCH  *\n');
      expect(wire.take()).to.equal('? WATCH  *\n');
      shared.subscribersPerAddress.release('192.0.2.1');
      sendLine('WATCH *\nWATCH kiwi\n');
      expect(wire.take()).to.equal('WATCHING *\nWATCHING kiwi\n');
    });

    it('holds one unit of the quota for all subscriptions, and releases it with the last, or when it closes', () => {
      const isFree = () => {
        const free = shared.subscribersPerAddress.tryAcquire('192.0.2.1');
        if (free) shared.subscribersPerAddress.release('192.0.2.1');
        return free;
      };
      shared.subscribersPerAddress.tryAcquire('192.0.2.1');
      sendLine('WATCH kiwi\nWATCH moa\nUNWATCH kiwi\n');
      expect(isFree()).to.equal(false);
      sendLine('UNWATCH moa\n');
      expect(isFree()).to.equal(true);
      sendLine('WATCH *\n');
      closeSendingSide();
      expect(isFree(), 'it still watches').to.equal(false);
      connection.stop();
      expect(isFree()).to.equal(true);
    });
  });

  it('[CO4] accounts for pending changes until they are sent', () => {
    sendLine('WATCH *\n');
    wire.bufferedBytes = tooMuchBacklog;
    const changes = Array.from({ length: 100 }, (_, index) => createLocation(`phone${index}`, 1));
    learn(...changes);
    learn(...changes.slice(0, 10));
    const waitingBytes = changes.reduce((sum, location) => sum + queuedLocationBytes(location), 0);
    const watchedBytes = '*'.length + 400;
    expect(shared.outputBudget.bytes).to.equal(tooMuchBacklog + waitingBytes + watchedBytes);
    sendLine('UNWATCH phone1\n');
    wire.bufferedBytes = 0;
    bus.send(addresses.connection(1), { kind: 'drained' });
    expect(shared.outputBudget.bytes).to.equal(0);
  });

  it('[CO4] accounts for the IDs that it watches', () => {
    const clients = Array.from({ length: 200 }, (_, index) => `${'x'.repeat(1_000)}${100 + index}`);
    sendLine(clients.map((client) => `WATCH ${client}\n`).join(''));
    expect(shared.outputBudget.bytes).to.be.at.least(200 * 1_400);
    sendLine('UNWATCH\n');
    expect(shared.outputBudget.bytes).to.equal(0);
  });

  describe('[WA8] and has closed its sending side', () => {
    it('gets changes until it closes', () => {
      sendLine('WATCH *\nhello');
      closeSendingSide();
      expect(wire.take()).to.equal('WATCHING *\n? hello\n');
      learn(createLocation('kiwi', 1));
      expect(wire.take()).to.equal(lineOf('kiwi', 1));
      expect(wire.state).to.equal('open');
    });

    it('is closed when it has no subscriptions', () => {
      sendLine('WATCH kiwi\nUNWATCH\n');
      closeSendingSide();
      expect(wire.state).to.equal('ended');
      expect(wire.take()).to.equal('WATCHING kiwi\nUNWATCHED\n');
    });
  });

  it('[WA8] is closed when the server drains, without subscriptions', () => {
    for (const close of [() => undefined, closeSendingSide]) {
      begin();
      sendLine('WATCH *\n');
      close();
      wire.take();
      bus.send(addresses.connection(1), { kind: 'drain' });
      expect(wire.state).to.equal('ended');
      learn(createLocation('kiwi', 1));
      expect(wire.take()).to.equal('');
    }
  });

  it('[WA8] gets the response to a WATCH that was received before the drain, and closes', () => {
    wire.bufferedBytes = tooMuchBacklog;
    sendLine('WATCH kiwi\nhello\n');
    bus.send(addresses.connection(1), { kind: 'drain' });
    wire.bufferedBytes = 0;
    bus.send(addresses.connection(1), { kind: 'drained' });
    expect(wire.take()).to.equal('WATCHING kiwi\n? hello\n');
    expect(wire.state).to.equal('ended');
  });

  it('[WA9] is exempt from the idle timeout, and has keep-alive probes', () => {
    begin({ idleTimeoutMs: 1_000 });
    sendLine('WATCH kiwi\n');
    expect(wire.keepAliveState).to.equal('asked');
    clock.advance(100_000);
    expect(server.take()).to.deep.equal([]);
    sendLine('UNWATCH\n');
    clock.advance(2_000);
    expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason: 'idle for 1 s' }]);
  });

  it('[WA9] gets keep-alive lines at growing intervals when it has closed its sending side', () => {
    begin({ idleTimeoutMs: 1_000 });
    sendLine('WATCH kiwi\nWHATSAT kiwi 1 1\nWATCH moa');
    closeSendingSide();
    wire.take();
    for (const pauseMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      clock.advance(pauseMs - 1);
      expect(wire.take()).to.equal('');
      clock.advance(1);
      expect(wire.take()).to.equal('WATCHING\n');
    }
    wire.bufferedBytes = tooMuchBacklog;
    clock.advance(60_000);
    expect(wire.take(), 'it does not take what it is sent').to.equal('');
    bus.send(addresses.connection(1), { kind: 'drain' });
    clock.advance(600_000);
    expect(wire.take()).to.equal('');
  });

  it('[WA10] is closed when its subscriptions are lost', () => {
    sendLine('WATCH kiwi\n');
    bus.send(addresses.connection(1), { kind: 'subscription-lost' });
    const reason = 'subscriptions lost after an internal error';
    expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason }]);
  });

  it('gets an invalid response to its WATCH if the registry fails', () => {
    bus.detach(addresses.subscriptions);
    sendLine('WATCH kiwi\n');
    bus.send(addresses.connection(1), { kind: 'request-failed', requestId: 1 });
    expect(wire.take()).to.equal('? WATCH kiwi\n');
  });

  it('logs pushed lines as such', () => {
    sendLine('WATCH kiwi\n');
    const lines = collectEvents(bus, 'lines');
    learn(createLocation('kiwi', 1), createLocation('kiwi', 2));
    const remoteAddress = '192.0.2.1:40000';
    const both = [createLocation('kiwi', 1).line, createLocation('kiwi', 2).line];
    expect(lines).to.deep.equal([
      { kind: 'lines', direction: 'out', party: 'client', remoteAddress, lines: both, pushed: true },
    ]);
  });

  it('causes no messages while there are no subscribers', () => {
    const toWatch: string[] = [];
    bus.attach(addresses.subscriptions, { receive: ({ kind }) => toWatch.push(kind), stop: () => undefined });
    learn(createLocation('kiwi', 1));
    sendLine('UNWATCH\nUNWATCH kiwi\n');
    expect(toWatch).to.deep.equal([]);
    sendLine('WATCH moa\nUNWATCH moa\n');
    learn(createLocation('kiwi', 2));
    expect(toWatch).to.deep.equal(['subscribe', 'unsubscribe']);
  });
});
