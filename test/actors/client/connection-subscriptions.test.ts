import { expect } from 'chai';
import { Connection } from '../../../src/actors/client/connection.js';
import { defaultLimits, type Limits } from '../../../src/actors/ports/limits.js';
import { LocationStore } from '../../../src/actors/store/location-store.js';
import {
  addresses,
  type FloodMessage,
  type ServerMessage,
  type UpstreamMessage,
} from '../../../src/actors/bus/messages.js';
import { waitingLocationBytes } from '../../../src/actors/store/location-bytes.js';
import { Watch, watchedMax } from '../../../src/actors/client/subscription-registry.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { SharedLimits } from '../../../src/actors/server/shared-limits.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../support/fake-actor.js';
import { eventsOf, strictBus } from '../../support/fake-bus.js';
import { FakeClientWire } from '../../support/fake-client-wire.js';
import { locationOf, serverId } from '../../support/fake-location.js';
import { FakeSeeker } from '../../support/fake-seeker.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { fixedRandom } from '../../support/fixed-random.js';

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

const tooMuchBacklog = defaultLimits.backlogBytesMax + 1;

/** A connection with the store and the watch behind it, as in a server. */
describe('a connection that watches', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let wire: FakeClientWire;
  let shared: SharedLimits;
  let connection: Connection;
  let upstream: FakeActor<UpstreamMessage>;
  let server: FakeActor<ServerMessage>;

  function begin(limits: Partial<Limits> = {}): void {
    bus = strictBus();
    clock = new VirtualClock();
    wire = new FakeClientWire();
    upstream = new FakeActor();
    server = new FakeActor();
    bus.attach(addresses.server, server);
    bus.attach(addresses.upstream, upstream);
    bus.attach(addresses.flood, new FakeActor<FloodMessage>());
    bus.attach(addresses.seeker, new FakeSeeker(bus));
    bus.attach(addresses.store, new LocationStore(bus, new VirtualClock(), fixedRandom, defaultLimits));
    bus.attach(addresses.watch, new Watch(bus));
    const bounds = { ...defaultLimits, ...limits };
    shared = new SharedLimits(bounds, clock);
    const settings = { server: serverId('Blake'), limits: bounds, upstream: fakeUpstream, shared };
    connection = new Connection(bus, clock, settings, 1, wire);
    bus.attach(addresses.connection(1), connection);
  }
  beforeEach(() => begin());

  function say(text: string): void {
    bus.send(addresses.connection(1), { kind: 'bytes', chunk: Buffer.from(text, 'latin1'), receivedAt });
  }

  function closeSendingSide(): void {
    bus.send(addresses.connection(1), { kind: 'ended', receivedAt });
  }

  /** A neighbour tells where clients are. */
  function learn(...locations: Location[]): void {
    bus.send(addresses.store, { kind: 'learned', locations, from: serverId('Metta') });
  }

  const lineOf = (client: string, seconds: number) => `${locationOf(client, seconds).line}\n`;
  const ownLineOf = (client: string, seconds: number) =>
    `AT Blake +${receivedAt.seconds - seconds}.000000000 ${client} +1+1 ${seconds}\n`;

  it('[WA1] is told where the client is, and from then on of each change', () => {
    learn(locationOf('kiwi', 1));
    say('WATCH kiwi\n');
    expect(wire.take()).to.equal(`WATCHING kiwi\n${lineOf('kiwi', 1)}`);
    learn(locationOf('kiwi', 2), locationOf('moa', 2), locationOf('kiwi', 3));
    expect(wire.take()).to.equal(lineOf('kiwi', 2) + lineOf('kiwi', 3));
    learn(locationOf('kiwi', 1), locationOf('kiwi', 3));
    expect(wire.take(), 'nothing new').to.equal('');
  });

  it('[WA1] is told of a client that nobody knew when somebody does', () => {
    say('WATCH kiwi\n');
    expect(wire.take()).to.equal('WATCHING kiwi\n');
    learn(locationOf('kiwi', 1));
    expect(wire.take()).to.equal(lineOf('kiwi', 1));
  });

  it('[WA1] has client IDs come back to the byte', () => {
    say('  WATCH\t\xff\xfe \n');
    expect(wire.take()).to.equal('WATCHING \xff\xfe\n');
  });

  it('[WA2] is told of all clients, but not of what was known', () => {
    learn(locationOf('kiwi', 1));
    say('WATCH *\n');
    expect(wire.take()).to.equal('WATCHING *\n');
    learn(locationOf('kiwi', 2), locationOf('moa', 1));
    expect(wire.take()).to.equal(lineOf('kiwi', 2) + lineOf('moa', 1));
    say('WATCH kiwi\nWATCH kiwi\nWATCH *\n');
    expect(wire.take()).to.equal(`WATCHING kiwi\nWATCHING kiwi\nWATCHING *\n${lineOf('kiwi', 2)}`);
    learn(locationOf('kiwi', 3));
    expect(wire.take()).to.equal(lineOf('kiwi', 3));
  });

  it('[WA3] is told no more of what it has unwatched', () => {
    say('WATCH kiwi\nWATCH moa\nWATCH *\nUNWATCH *\nUNWATCH moa\nUNWATCH emu\n');
    expect(wire.take()).to.equal(
      'WATCHING kiwi\nWATCHING moa\nWATCHING *\nUNWATCHED *\nUNWATCHED moa\nUNWATCHED emu\n',
    );
    learn(locationOf('moa', 1), locationOf('emu', 1), locationOf('kiwi', 1));
    expect(wire.take()).to.equal(lineOf('kiwi', 1));
    say('UNWATCH\nUNWATCH\n');
    learn(locationOf('kiwi', 2));
    expect(wire.take()).to.equal('UNWATCHED\nUNWATCHED\n');
    say('WATCH moa\nUNWATCH moa\nWATCH kiwi\n');
    learn(locationOf('moa', 2), locationOf('kiwi', 3));
    expect(wire.take()).to.equal(
      `WATCHING moa\nUNWATCHED moa\nWATCHING kiwi\n${lineOf('kiwi', 2)}${lineOf('kiwi', 3)}`,
    );
  });

  it('[WA3] is not told what waited when it unwatched', () => {
    say('WATCH *\nWATCH moa\n');
    wire.take();
    wire.backlogBytes = tooMuchBacklog;
    learn(locationOf('kiwi', 1), locationOf('moa', 1));
    say('UNWATCH *\n');
    expect(wire.take()).to.equal('');
    wire.backlogBytes = 0;
    bus.send(addresses.connection(1), { kind: 'drained' });
    expect(wire.take()).to.equal(`UNWATCHED *\n${lineOf('moa', 1)}`);
  });

  it('[WA4] is told of what was reported behind its WATCH, behind the answer, and not of what was before', () => {
    say('IAMAT kiwi +1+1 1\nWATCH *\nIAMAT kiwi +1+1 2\n');
    expect(wire.take()).to.equal(`${ownLineOf('kiwi', 1)}WATCHING *\n${ownLineOf('kiwi', 2).repeat(2)}`);
    say('UNWATCH\nIAMAT kiwi +1+1 3\nWATCH kiwi\n');
    expect(wire.take()).to.equal(`UNWATCHED\n${ownLineOf('kiwi', 3)}WATCHING kiwi\n${ownLineOf('kiwi', 3)}`);
  });

  it('[WA4] is told of nothing while an answer waits, and then of the newest', () => {
    say('WATCH *\nIAMAT kiwi +1+1 1\n');
    wire.take();
    say('WHATSAT kiwi 1 1\nWATCH moa\n');
    learn(locationOf('kiwi', 2), locationOf('moa', 1));
    learn(locationOf('kiwi', 3));
    expect(wire.take()).to.equal('');
    bus.send(addresses.connection(1), { kind: 'nearby-found', question: 2, json: '{}' });
    expect(wire.take()).to.equal(`${ownLineOf('kiwi', 1)}{}\nWATCHING moa\n${lineOf('kiwi', 3)}${lineOf('moa', 1)}`);
  });

  it('[WA5] can tell changes from answers', () => {
    const commands = ['WATCH *', 'IAMAT kiwi +1+1 1', 'WHATSAT kiwi 1 1', 'IAMAT kiwi +1+1 50', 'AT', 'UNWATCH emu'];
    const json = '{"results":[]}';
    for (const [index, command] of commands.entries()) {
      say(`${command}\n`);
      learn(locationOf('kiwi', 2 + index), locationOf('moa', 2 + index));
      if (command.startsWith('WHATSAT')) {
        bus.send(addresses.connection(1), { kind: 'nearby-found', question: 2, json });
      }
    }
    const { answers, changes } = readBy(commands, wire.take().split('\n').slice(0, -1));
    const own = ownLineOf('kiwi', 1).trimEnd();
    const newest = locationOf('kiwi', 3).line;
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

  describe('[WA6] and does not take what it is told', () => {
    it('is told the newest of each client when it does', () => {
      say('WATCH *\n');
      wire.take();
      const conflated = eventsOf(bus, 'watch-conflated');
      wire.backlogBytes = tooMuchBacklog;
      for (let second = 1; second <= 1_000; second += 1) learn(locationOf('kiwi', second), locationOf('moa', second));
      expect(wire.take()).to.equal('');
      wire.backlogBytes = 0;
      learn(locationOf('emu', 1));
      expect(wire.take(), 'what waits comes first').to.equal('');
      bus.send(addresses.connection(1), { kind: 'drained' });
      expect(wire.take()).to.equal(lineOf('kiwi', 1_000) + lineOf('moa', 1_000) + lineOf('emu', 1));
      expect(conflated.reduce((sum, { count }) => sum + count, 0)).to.equal(2 * 999);
      learn(locationOf('kiwi', 1_001));
      expect(wire.take()).to.equal(lineOf('kiwi', 1_001));
    });

    it('[WA3] is told no more of what an UNWATCH ended, whatever waits and is watched otherwise', () => {
      say('WATCH kiwi\nWATCH moa\nWATCH *\n');
      wire.take();
      wire.backlogBytes = tooMuchBacklog;
      learn(locationOf('emu', 1), locationOf('moa', 1), locationOf('kiwi', 1));
      say('UNWATCH moa\nUNWATCH *\n');
      wire.backlogBytes = 0;
      bus.send(addresses.connection(1), { kind: 'drained' });
      expect(wire.take()).to.equal(`UNWATCHED moa\nUNWATCHED *\n${lineOf('kiwi', 1)}`);
    });

    it('[WA3] ends thousands of watches in a moment, however many changes wait', function () {
      this.timeout(20_000);
      say('WATCH *\n');
      wire.backlogBytes = tooMuchBacklog;
      learn(...Array.from({ length: 100_000 }, (_, index) => locationOf(`phone${index}`, 1)));
      say('UNWATCH x\n'.repeat(6_500));
      wire.take();
      wire.backlogBytes = 0;
      const startMs = performance.now();
      bus.send(addresses.connection(1), { kind: 'drained' });
      clock.advance(1_000);
      // One pass over all that waits takes 4 ms here; one for each UNWATCH takes 25 s.
      expect(performance.now() - startMs).to.be.below(5_000);
      expect(wire.take().match(/UNWATCHED x\n/g)).to.have.lengthOf(6_500);
    });

    it('is closed when it takes nothing at all, and not when it takes a little now and then', () => {
      begin({ stallMs: 60_000 });
      say('WATCH *\n');
      wire.backlogBytes = tooMuchBacklog;
      learn(locationOf('kiwi', 1));
      clock.advance(30_000);
      bus.send(addresses.connection(1), { kind: 'drained' });
      learn(locationOf('kiwi', 2));
      clock.advance(59_999);
      expect(server.take()).to.deep.equal([]);
      clock.advance(1);
      const reason = 'took nothing for 60 s of what waited for it';
      expect(server.take()).to.deep.equal([{ kind: 'client-left', connection: 1, reason }]);
    });

    it('is closed when more than 100,000 clients wait', () => {
      say('WATCH *\n');
      wire.backlogBytes = tooMuchBacklog;
      learn(...Array.from({ length: 100_000 }, (_, index) => locationOf(`phone${index}`, 1)));
      learn(locationOf('phone7', 2));
      expect(server.take()).to.deep.equal([]);
      learn(locationOf('kiwi', 1));
      const reason = 'too slow for what it watches: more than 100000 clients wait to be told of';
      expect(server.take()).to.deep.equal([{ kind: 'client-left', connection: 1, reason }]);
    });
  });

  it('[WA7] has a WATCH too many copied, and goes on', () => {
    say(Array.from({ length: watchedMax }, (_, index) => `WATCH phone${index}\n`).join(''));
    wire.take();
    say('WATCH  kiwi\nWATCH phone1\n');
    expect(wire.take()).to.equal('? WATCH  kiwi\nWATCHING phone1\n');
    learn(locationOf('kiwi', 1), locationOf('phone1', 1));
    expect(wire.take()).to.equal(lineOf('phone1', 1));
  });

  it('[WA7] has a WATCH copied whose client would be too many bytes, until others are watched no more', () => {
    begin({ clientIdBytesMax: 4_096 });
    const long = (letter: string) => `WATCH ${letter.repeat(4_000)}`;
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');
    say(letters.map((letter) => `${long(letter)}x\n`).join(''));
    wire.take();
    say(`${long('.')}\n${long('.')}\n`);
    const [first = '', second = ''] = wire.take().split('\n');
    expect([first.slice(0, 9), second.slice(0, 9)]).to.deep.equal(['WATCHING ', '? WATCH .']);
    say(`UNWATCH\n${long('.')}\n`);
    expect(wire.take()).to.match(/^UNWATCHED\nWATCHING \.+\n$/);
  });

  describe('[WA11] from an address that watches already as often as it may', () => {
    beforeEach(() => begin({ watchersPerAddressMax: 2 }));

    it('has its WATCH copied, and is let in when another watches no more', () => {
      shared.watchersPerAddress.take('192.0.2.1');
      shared.watchersPerAddress.take('192.0.2.1');
      say('WATCH  *\n');
      expect(wire.take()).to.equal('? WATCH  *\n');
      shared.watchersPerAddress.release('192.0.2.1');
      say('WATCH *\nWATCH kiwi\n');
      expect(wire.take()).to.equal('WATCHING *\nWATCHING kiwi\n');
    });

    it('holds one place for all that it watches, and gives it back with the last, or when it is gone', () => {
      const isFree = () => {
        const free = shared.watchersPerAddress.take('192.0.2.1');
        if (free) shared.watchersPerAddress.release('192.0.2.1');
        return free;
      };
      shared.watchersPerAddress.take('192.0.2.1');
      say('WATCH kiwi\nWATCH moa\nUNWATCH kiwi\n');
      expect(isFree()).to.equal(false);
      say('UNWATCH moa\n');
      expect(isFree()).to.equal(true);
      say('WATCH *\n');
      closeSendingSide();
      expect(isFree(), 'it still watches').to.equal(false);
      connection.stop();
      expect(isFree()).to.equal(true);
    });
  });

  it('[CO4] accounts for the changes that wait, until they are told', () => {
    say('WATCH *\n');
    wire.backlogBytes = tooMuchBacklog;
    const changes = Array.from({ length: 100 }, (_, index) => locationOf(`phone${index}`, 1));
    learn(...changes);
    learn(...changes.slice(0, 10));
    const waitingBytes = changes.reduce((sum, location) => sum + waitingLocationBytes(location), 0);
    const watchedBytes = '*'.length + 400;
    expect(shared.outputBudget.bytes).to.equal(tooMuchBacklog + waitingBytes + watchedBytes);
    say('UNWATCH phone1\n');
    wire.backlogBytes = 0;
    bus.send(addresses.connection(1), { kind: 'drained' });
    expect(shared.outputBudget.bytes).to.equal(0);
  });

  it('[CO4] accounts for the IDs that it watches', () => {
    const clients = Array.from({ length: 200 }, (_, index) => `${'x'.repeat(1_000)}${100 + index}`);
    say(clients.map((client) => `WATCH ${client}\n`).join(''));
    expect(shared.outputBudget.bytes).to.be.at.least(200 * 1_400);
    say('UNWATCH\n');
    expect(shared.outputBudget.bytes).to.equal(0);
  });

  describe('[WA8] and has closed its sending side', () => {
    it('is told of changes until it is gone', () => {
      say('WATCH *\nhello');
      closeSendingSide();
      expect(wire.take()).to.equal('WATCHING *\n? hello\n');
      learn(locationOf('kiwi', 1));
      expect(wire.take()).to.equal(lineOf('kiwi', 1));
      expect(wire.state).to.equal('open');
    });

    it('is closed when it watches nothing', () => {
      say('WATCH kiwi\nUNWATCH\n');
      closeSendingSide();
      expect(wire.state).to.equal('ended');
      expect(wire.take()).to.equal('WATCHING kiwi\nUNWATCHED\n');
    });
  });

  it('[WA8] is closed when the server drains, and watches nothing any more', () => {
    for (const close of [() => undefined, closeSendingSide]) {
      begin();
      say('WATCH *\n');
      close();
      wire.take();
      bus.send(addresses.connection(1), { kind: 'drain' });
      expect(wire.state).to.equal('ended');
      learn(locationOf('kiwi', 1));
      expect(wire.take()).to.equal('');
    }
  });

  it('[WA8] answers a WATCH that came before the server was told to stop, and closes', () => {
    wire.backlogBytes = tooMuchBacklog;
    say('WATCH kiwi\nhello\n');
    bus.send(addresses.connection(1), { kind: 'drain' });
    wire.backlogBytes = 0;
    bus.send(addresses.connection(1), { kind: 'drained' });
    expect(wire.take()).to.equal('WATCHING kiwi\n? hello\n');
    expect(wire.state).to.equal('ended');
  });

  it('[WA9] is not idle, and is asked whether it is there', () => {
    begin({ idleMs: 1_000 });
    say('WATCH kiwi\n');
    expect(wire.alive).to.equal('asked');
    clock.advance(100_000);
    expect(server.take()).to.deep.equal([]);
    say('UNWATCH\n');
    clock.advance(2_000);
    expect(server.take()).to.deep.equal([{ kind: 'client-left', connection: 1, reason: 'idle for 1 s' }]);
  });

  it('[WA9] is sent a line now and then when it has closed its sending side: soon, and then more seldom', () => {
    begin({ idleMs: 1_000 });
    say('WATCH kiwi\nWHATSAT kiwi 1 1\nWATCH moa');
    closeSendingSide();
    wire.take();
    for (const pauseMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      clock.advance(pauseMs - 1);
      expect(wire.take()).to.equal('');
      clock.advance(1);
      expect(wire.take()).to.equal('WATCHING\n');
    }
    wire.backlogBytes = tooMuchBacklog;
    clock.advance(60_000);
    expect(wire.take(), 'it does not take what it is sent').to.equal('');
    bus.send(addresses.connection(1), { kind: 'drain' });
    clock.advance(600_000);
    expect(wire.take()).to.equal('');
  });

  it('[WA10] is closed when what it watches is lost', () => {
    say('WATCH kiwi\n');
    bus.send(addresses.connection(1), { kind: 'watch-lost' });
    const reason = 'what it watches was lost over a failure';
    expect(server.take()).to.deep.equal([{ kind: 'client-left', connection: 1, reason }]);
  });

  it('has its WATCH copied where whoever was asked broke down', () => {
    bus.detach(addresses.watch);
    say('WATCH kiwi\n');
    bus.send(addresses.connection(1), { kind: 'question-failed', question: 1 });
    expect(wire.take()).to.equal('? WATCH kiwi\n');
  });

  it('tells the log of what it was told, and that it answers nothing', () => {
    say('WATCH kiwi\n');
    const lines = eventsOf(bus, 'lines');
    learn(locationOf('kiwi', 1), locationOf('kiwi', 2));
    const far = '192.0.2.1:40000';
    const both = [locationOf('kiwi', 1).line, locationOf('kiwi', 2).line];
    expect(lines).to.deep.equal([{ kind: 'lines', direction: 'out', party: 'client', far, lines: both, pushed: true }]);
  });

  it('costs nothing while nobody watches', () => {
    const toWatch: string[] = [];
    bus.attach(addresses.watch, { receive: ({ kind }) => toWatch.push(kind), stop: () => undefined });
    learn(locationOf('kiwi', 1));
    say('UNWATCH\nUNWATCH kiwi\n');
    expect(toWatch).to.deep.equal([]);
    say('WATCH moa\nUNWATCH moa\n');
    learn(locationOf('kiwi', 2));
    expect(toWatch).to.deep.equal(['watch', 'unwatch']);
  });
});
