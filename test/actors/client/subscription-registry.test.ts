import { expect } from 'chai';
import type { Address } from '../../../src/actors/bus/bus.js';
import { addresses, type ConnectionMessage } from '../../../src/actors/bus/messages.js';
import { Watch, watchedMax, watchersMax } from '../../../src/actors/client/subscription-registry.js';
import { everyone } from '../../../src/protocol/client/command.js';
import { asClientId } from '../../../src/protocol/place/ids.js';
import type { Location } from '../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { eventsOf, strictBus } from '../../support/fake-bus.js';
import { locationOf } from '../../support/fake-location.js';

const kiwi = asClientId('kiwi');
const moa = asClientId('moa');

describe('Watch', () => {
  let bus: MessageBus;
  let watch: Watch;
  let questions: number;

  beforeEach(() => {
    bus = strictBus();
    watch = new Watch(bus);
    bus.attach(addresses.watch, watch);
    questions = 0;
  });

  /** A connection that keeps what it is told. */
  function connect(connection: number): { at: Address<ConnectionMessage>; told: FakeActor<ConnectionMessage> } {
    const at = addresses.connection(connection);
    const told = new FakeActor<ConnectionMessage>();
    bus.attach(at, told);
    return { at, told };
  }

  function begin(at: Address<ConnectionMessage>, client = kiwi, location?: Location): void {
    questions += 1;
    bus.send(addresses.watch, { kind: 'watch', client, replyTo: at, question: questions, location });
  }

  function end(watcher: Address<ConnectionMessage>, client?: typeof kiwi): void {
    bus.send(addresses.watch, { kind: 'unwatch', watcher, client });
  }

  function learn(...locations: Location[]): void {
    bus.send(addresses.watch, { kind: 'learned', locations });
  }

  it('says where a client is when its WATCH begins, and not where all are', () => {
    const { at, told } = connect(1);
    begin(at, kiwi, locationOf('kiwi', 1));
    begin(at, everyone, locationOf('*', 1));
    expect(told.take()).to.deep.equal([
      { kind: 'watch-begun', question: 1, location: locationOf('kiwi', 1) },
      { kind: 'watch-begun', question: 2, location: undefined },
    ]);
  });

  it('tells each of what it watches and of nothing else, in one message of what came together', () => {
    const [ofKiwi, ofBoth, ofAll, ofNone] = [connect(1), connect(2), connect(3), connect(4)];
    begin(ofKiwi.at);
    begin(ofBoth.at);
    begin(ofBoth.at, moa);
    begin(ofAll.at, everyone);
    for (const { told } of [ofKiwi, ofBoth, ofAll]) told.take();
    const locations = [locationOf('kiwi', 1), locationOf('emu', 1), locationOf('moa', 1), locationOf('kiwi', 2)];
    learn(...locations);
    const timesOf = ({ told }: typeof ofKiwi) =>
      told.take().map((message) => message.kind === 'changed' && message.locations.map(({ line }) => line));
    const lines = (...indexes: number[]) => indexes.map((index) => locations[index]?.line);
    expect(timesOf(ofKiwi)).to.deep.equal([lines(0, 3)]);
    expect(timesOf(ofBoth)).to.deep.equal([lines(0, 2, 3)]);
    expect(timesOf(ofAll)).to.deep.equal([lines(0, 1, 2, 3)]);
    expect(ofNone.told.take()).to.deep.equal([]);
  });

  it('[WA2] tells once of what is watched twice, by name and by *', () => {
    const [both, named] = [connect(1), connect(2)];
    begin(named.at);
    begin(both.at);
    begin(both.at);
    begin(both.at, everyone);
    both.told.take();
    learn(locationOf('kiwi', 1));
    expect(both.told.take().map(({ kind }) => kind)).to.deep.equal(['changed']);
    end(both.at, everyone);
    learn(locationOf('moa', 1), locationOf('kiwi', 2));
    expect(both.told.take()).to.deep.equal([{ kind: 'changed', locations: [locationOf('kiwi', 2)] }]);
  });

  it('forgets who watches no more, or is gone', () => {
    const events = eventsOf(bus, 'watchers');
    const [one, other] = [connect(1), connect(2)];
    begin(one.at);
    begin(one.at, moa);
    begin(other.at, everyone);
    end(one.at, moa);
    end(other.at);
    end(other.at);
    for (const { told } of [one, other]) told.take();
    learn(locationOf('moa', 1), locationOf('kiwi', 1));
    expect(other.told.take()).to.deep.equal([]);
    expect(one.told.take()).to.deep.equal([{ kind: 'changed', locations: [locationOf('kiwi', 1)] }]);
    end(one.at, kiwi);
    learn(locationOf('kiwi', 2));
    expect(one.told.take()).to.deep.equal([]);
    expect(events.map(({ watchers }) => watchers)).to.deep.equal([1, 2, 1, 0]);
  });

  it('[WA7] refuses one that is too many for a client, until another leaves', () => {
    for (let connection = 1; connection <= watchersMax; connection += 1) begin(connect(connection).at);
    const late = connect(watchersMax + 1);
    begin(late.at);
    expect(late.told.take().map(({ kind }) => kind)).to.deep.equal(['watch-refused']);
    begin(late.at, moa);
    end(addresses.connection(7));
    begin(late.at);
    expect(late.told.take().map(({ kind }) => kind)).to.deep.equal(['watch-begun', 'watch-begun']);
  });

  it('[WA7] refuses a client that is too many for one connection', () => {
    const { at, told } = connect(1);
    for (let client = 1; client <= watchedMax; client += 1) begin(at, asClientId(`phone${client}`));
    expect(told.take().some(({ kind }) => kind === 'watch-refused')).to.equal(false);
    begin(at);
    begin(at, asClientId('phone1'));
    expect(told.take().map(({ kind }) => kind)).to.deep.equal(['watch-refused', 'watch-begun']);
  });

  it('[WA10] tells everybody who watches that it has forgotten, when it is stopped', () => {
    const [watcher, other] = [connect(1), connect(2)];
    begin(watcher.at);
    watcher.told.take();
    watch.stop();
    expect(watcher.told.take()).to.deep.equal([{ kind: 'watch-lost' }]);
    expect(other.told.take()).to.deep.equal([]);
    learn(locationOf('kiwi', 1));
    expect(watcher.told.take()).to.deep.equal([]);
  });
});
