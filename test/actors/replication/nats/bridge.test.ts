import { atOnce } from '../../../support/session-settings.js';
import { expect } from 'chai';
import type { ActorFailedEvent } from '../../../../src/actors/bus/events.js';
import { defaultLimits, defaultLinkTimings } from '../../../../src/actors/ports/limits.js';
import { addresses } from '../../../../src/actors/addresses.js';
import { Server } from '../../../../src/actors/server/server.js';
import { defaultUpstreamSettings } from '../../../../src/actors/upstream/upstream-settings.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { FakeBucket } from '../../../support/fake-bucket.js';
import { collectEvents, strictBus } from '../../../support/fake-bus.js';
import { createLocation, toServerId } from '../../../support/fake-location.js';
import { ChannelReporter, FakePeerWire, FakeTransport } from '../../../support/fake-peer-wire.js';
import { FakeHttp, fakeUpstream } from '../../../support/fake-upstream.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';

describe('A server that floods and shares a bucket', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let bucket: FakeBucket;
  let server: Server;
  let blake: FakePeerWire;
  let metta: FakePeerWire;
  /** Says lines in the name of Metta, whom the server has called. */
  let mettaSays: (...lines: string[]) => void;

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    bucket = new FakeBucket();
    const transport = new FakeTransport();
    const identity = {
      herd: 'twitter',
      server: toServerId('Bryant'),
      neighbours: ['Blake', 'Metta'].map(toServerId),
    };
    const settings = { identity, limits: defaultLimits, linkTimings: defaultLinkTimings };
    server = new Server(
      { ...settings, upstream: fakeUpstream, upstreamSettings: defaultUpstreamSettings },
      {
        registry: bus,
        reports: atOnce,
        clock,
        http: new FakeHttp(),
        transport,
        random: { next: () => 0.5 },
        secrets: undefined,
        bucket,
      },
    );
    server.startStore();
    server.start();
    const { wire, listener } = transport.last;
    metta = wire;
    mettaSays = (...lines) => listener.lines(wire, lines);
    listener.opened(metta);
    mettaSays('HELLO 3 twitter Metta Bryant', 'CAUGHT-UP');
    blake = new FakePeerWire('192.0.2.9:40000');
    new ChannelReporter(server.acceptPeer(blake)).lines(blake, ['HELLO 3 twitter Blake Bryant', 'CAUGHT-UP']);
    bucket.session.loads();
    takeLines();
  });

  afterEach(() => server.stop());

  /** What each has been told since this was last asked. */
  function takeLines() {
    clock.advance(1);
    const ats = (wire: FakePeerWire) => wire.take().filter((line) => line.startsWith('AT '));
    const written = bucket.session.takePuts().map(({ value }) => value);
    return { blake: ats(blake), metta: ats(metta), written };
  }

  const forwarded = ({ line }: Location) => `${line} Bryant`;
  const valueOf = ({ line }: Location) => `2 ${line}`;
  const entryOf = (location: Location, revision: number) => ({
    key: 'key of kiwi',
    value: valueOf(location),
    revision,
  });
  const fromMetta = (location: Location) => mettaSays(`${location.line} Metta`);

  it('passes what its clients report to both', () => {
    const location = createLocation('kiwi', 1, 'Bryant');
    bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of([location]) });
    const line = forwarded(location);
    expect(takeLines()).to.deep.equal({ blake: [line], metta: [line], written: [valueOf(location)] });
  });

  it('writes what a neighbour sent into the bucket, and does not send it back', () => {
    const location = createLocation('kiwi', 1, 'Metta');
    fromMetta(location);
    expect(takeLines()).to.deep.equal({ blake: [forwarded(location)], metta: [], written: [valueOf(location)] });
  });

  it('floods what it reads in the bucket, of servers of any name, and does not write it back', () => {
    const location = createLocation('kiwi', 1, 'Nowhere-known');
    bucket.session.changes(entryOf(location, 1));
    const line = forwarded(location);
    expect(takeLines()).to.deep.equal({ blake: [line], metta: [line], written: [] });
  });

  it('passes on neither way what is not newer', () => {
    bucket.session.changes(entryOf(createLocation('kiwi', 2, 'Nowhere-known'), 1));
    takeLines();
    fromMetta(createLocation('kiwi', 1));
    fromMetta(createLocation('kiwi', 2, 'Nowhere-known'));
    bucket.session.changes(entryOf(createLocation('kiwi', 2, 'Nowhere-known'), 2));
    expect(takeLines()).to.deep.equal({ blake: [], metta: [], written: [] });
  });

  it('leaves in the bucket what another server of its herd has written there first', async () => {
    const location = createLocation('kiwi', 1, 'Metta');
    fromMetta(location);
    clock.advance(1);
    await bucket.session.takePut().ends({ kind: 'conflict' });
    await bucket.session.gets[0]?.ends({ kind: 'read', entry: entryOf(location, 1) });
    expect(takeLines()).to.deep.equal({ blake: [forwarded(location)], metta: [], written: [] });
  });

  it('goes on flooding when what writes into the bucket throws, and begins that anew', () => {
    const failures: ActorFailedEvent[] = collectEvents(bus, 'actor-failed');
    bus.send(addresses.bucketSpread, undefined as never);
    expect(failures.map(({ address, directive }) => [address, directive])).to.deep.equal([['bucket', 'restart']]);
    const location = createLocation('kiwi', 1, 'Metta');
    fromMetta(location);
    expect(takeLines()).to.deep.equal({ blake: [forwarded(location)], metta: [], written: [] });
    bucket.session.loads();
    expect(takeLines()).to.deep.equal({ blake: [], metta: [], written: [valueOf(location)] });
  });
});
