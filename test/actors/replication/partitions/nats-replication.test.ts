import { expect } from 'chai';
import { leafOf, partitionOfLeaf } from '../../../../src/protocol/place/digest.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import { allPartitions, PartitionSet } from '../../../../src/protocol/place/partition-set.js';
import { createLocation } from '../../../support/fake-location.js';
import { HerdOnNats, type Member } from '../../../support/herd-on-nats.js';

const partitionOf = (client: string): number => partitionOfLeaf(leafOf(asClientId(client)));

/** Seconds of the day at which the virtual clock starts. */
const now = 1_700_000_000;

function start(replicas: number, ...names: string[]): { herd: HerdOnNats; members: Member[] } {
  const herd = new HerdOnNats(replicas);
  const members = names.map((name) => herd.start(name));
  herd.pass(8);
  return { herd, members };
}

/** Locations of many clients, in all partitions. */
const crowd = (count: number, seconds = now): Location[] =>
  Array.from({ length: count }, (_, index) => createLocation(`client-${index}`, seconds));

/** What a member answers about a client. */
function ask(herd: HerdOnNats, member: Member, client: string): string | undefined {
  const response = member.whereIs(client);
  herd.clock.advance(250);
  return response();
}

describe('Replication over NATS', () => {
  it('[NA6] has as many complete holders for each partition as configured, and no others', () => {
    const { herd, members } = start(2, 'A', 'B', 'C', 'D');
    for (const partition of allPartitions) {
      expect(herd.holders(partition, 'complete')).to.have.lengthOf(2);
      expect(herd.holders(partition, 'filling')).to.have.lengthOf(0);
    }
    for (const { events } of members) {
      expect(events.filter(({ kind }) => kind === 'members').at(-1)).to.deep.equal({
        kind: 'members',
        members: ['A', 'B', 'C', 'D'],
      });
      expect(events.filter(({ kind }) => kind === 'partitions').at(-1)).to.include({
        filling: 0,
        leaving: 0,
        short: 0,
      });
      expect(events.filter(({ kind }) => kind === 'nats').at(-1)).to.include({ state: 'live' });
    }
  });

  it('[NA16] answers for every client at every member', () => {
    const { herd, members } = start(2, 'A', 'B', 'C', 'D');
    const locations = crowd(40);
    for (const [index, location] of locations.entries()) members[index % 4]?.report(location);
    herd.pass(1);
    for (const member of members) {
      for (const { client, line } of locations)
        expect(ask(herd, member, client), `${client} at ${member.name}`).to.equal(line);
    }
    expect(ask(herd, members[0]!, 'nobody')).to.equal('unknown');
  });

  it('answers with its own report at once, also without any other server', () => {
    const { herd, members } = start(1, 'A', 'B', 'C');
    const [a] = members;
    herd.broker.disconnect('A');
    herd.broker.isUp = false;
    for (const location of crowd(20)) {
      a?.report(location);
      expect(ask(herd, a!, location.client)).to.equal(location.line);
    }
  });

  it('[NA8] publishes reports again that the holders have not confirmed', () => {
    const { herd, members } = start(1, 'A', 'B', 'C');
    const [a, b] = members;
    herd.broker.loses = (subject) => subject.includes('.locations.');
    const locations = crowd(30);
    a?.report(...locations);
    herd.pass(1);
    herd.broker.loses = () => false;
    herd.pass(8);
    for (const { client, line } of locations) expect(ask(herd, b!, client)).to.equal(line);
  });

  it('[NA8] drops reports of partitions that it does not hold when the holders have confirmed them', () => {
    const { herd, members } = start(1, 'A', 'B');
    const [a, b] = members;
    a?.report(...crowd(50));
    herd.pass(4);
    b?.crash();
    herd.broker.isUp = false;
    herd.broker.disconnect('A');
    const known = crowd(50).filter(({ client }) => ask(herd, a!, client) !== 'unknown');
    expect(
      known.map(({ client }) => a?.states.get(partitionOf(client))).filter((state) => state !== 'none'),
    ).to.have.lengthOf(known.length);
    expect(known.length).to.be.within(10, 40);
  });

  it('publishes what was reported without a connection when there is one again', () => {
    const { herd, members } = start(1, 'A', 'B', 'C');
    const [a, b] = members;
    herd.broker.isUp = false;
    herd.broker.disconnect('A');
    a?.report(...crowd(30));
    a?.report(...crowd(30, now + 1));
    herd.pass(5);
    herd.broker.isUp = true;
    herd.pass(30);
    for (const { client, line } of crowd(30, now + 1)) expect(ask(herd, b!, client)).to.equal(line);
  });

  it('[NA10] moves to a member that joins its share only', () => {
    const { herd, members } = start(2, 'A', 'B', 'C');
    const locations = crowd(600);
    members[0]?.report(...locations);
    herd.pass(3);
    const joining = herd.start('D');
    herd.pass(10);
    for (const partition of allPartitions) expect(herd.holders(partition, 'complete')).to.have.lengthOf(2);
    const share = locations.filter(({ client }) => joining.states.get(partitionOf(client)) === 'complete');
    const moved = joining.events.reduce(
      (sum, event) => sum + (event.kind === 'partition-page' ? event.locations : 0),
      0,
    );
    expect(share.length).to.be.within(200, 400);
    expect(moved).to.equal(share.length);
    for (const { client, line } of locations) expect(ask(herd, joining, client)).to.equal(line);
  });

  it('[NA5] replaces a member that crashes', () => {
    const { herd, members } = start(2, 'A', 'B', 'C', 'D');
    const locations = crowd(200);
    members[0]?.report(...locations);
    herd.pass(3);
    members[3]?.crash();
    herd.pass(10);
    for (const partition of allPartitions) expect(herd.holders(partition, 'complete')).to.have.lengthOf(2);
    for (const { client, line } of locations) expect(ask(herd, members[1]!, client)).to.equal(line);
  });

  it('[NA12][NA13] hands over everything before it leaves, also the only copy', () => {
    const { herd, members } = start(1, 'A', 'B', 'C');
    const locations = crowd(200);
    members[0]?.report(...locations);
    herd.pass(3);
    let hasLeft = false;
    members[2]?.bus.attach('server' as never, { receive: () => (hasLeft = true), stop: () => undefined });
    members[2]?.leave();
    herd.pass(6);
    expect(hasLeft).to.equal(true);
    members[2]?.stop();
    const sent = herd.broker.published.filter(({ from }) => from === 'C').map(({ text }) => text);
    const announced = sent.findIndex((text) => /^PRESENCE .* leaving /.test(text));
    expect(sent.findIndex((text) => /^DIGEST .* handover\n/.test(text))).to.be.above(announced);
    expect(announced).to.be.above(0);
    expect(sent.findIndex((text) => text.startsWith('LEAVE '))).to.equal(sent.length - 1);
    herd.pass(4);
    for (const partition of allPartitions) expect(herd.holders(partition, 'complete')).to.have.lengthOf(1);
    for (const { client, line } of locations) expect(ask(herd, members[1]!, client)).to.equal(line);
  });

  it('[NA9] finds a lost publication by the next one, and repairs it', () => {
    const { herd, members } = start(2, 'A', 'B', 'C');
    const client = 'client-7';
    const [holder] = herd.holders(partitionOf(client), 'complete');
    const other = members.find(({ name }) => !herd.holders(partitionOf(client), 'complete').includes(name));
    other?.report(createLocation(client, now));
    herd.pass(1);
    herd.broker.loses = (subject, to) => subject.includes('.locations.') && to === holder;
    const lost = createLocation(client, now + 1);
    other?.report(lost);
    herd.pass(0.1);
    herd.broker.loses = () => false;
    const colliding = Array.from({ length: 5_000 }, (_, index) => `other-${index}`).find(
      (id) => partitionOf(id) === partitionOf(client),
    );
    const answersLookups = (): boolean =>
      [...herd.broker.subscriptions].some(
        ({ session, subject }) => session.name === holder && subject === `herd.test.lookup.${partitionOf(client)}`,
      );
    other?.report(createLocation(colliding ?? '', now + 2));
    expect(answersLookups()).to.equal(true);
    herd.clock.advance(2);
    expect(answersLookups()).to.equal(false);
    herd.clock.advance(18);
    expect(answersLookups()).to.equal(true);
    const response = herd.members.get(holder ?? '')?.whereIs(client);
    herd.clock.advance(50);
    expect(response?.()).to.equal(lost.line);
  });

  it('[NA11][NA12] keeps what was on disk when the whole herd starts', () => {
    const herd = new HerdOnNats(1);
    const [old, newer] = [crowd(90), crowd(90, now + 5)];
    herd.start('A', [...old.slice(0, 60)]);
    herd.start('B', [...newer.slice(30, 90)]);
    const c = herd.start('C');
    herd.pass(20);
    for (const [index, { client }] of old.entries()) {
      expect(ask(herd, c, client), client).to.equal((index < 30 ? old : newer)[index]?.line);
    }
    for (const partition of allPartitions) {
      expect(herd.holders(partition, 'complete')).to.have.lengthOf(1);
      expect(herd.holders(partition, 'leaving')).to.have.lengthOf(0);
    }
  });

  it('[NA17] sends the changes of a client that is held elsewhere while it is watched', () => {
    const { herd, members } = start(1, 'A', 'B', 'C');
    const client = 'client-3';
    const [holder] = herd.holders(partitionOf(client), 'complete');
    const [watcher, reporter] = members.filter(({ name }) => name !== holder);
    const first = createLocation(client, now);
    reporter?.report(first);
    herd.pass(1);
    watcher?.watch(client);
    herd.pass(1);
    const second = createLocation(client, now + 1);
    reporter?.report(second, createLocation('client-4', now));
    herd.pass(1);
    expect(watcher?.changes).to.deep.equal([first.line, second.line]);
  });

  it('sends all changes to a connection that watches all clients', () => {
    const { herd, members } = start(1, 'A', 'B', 'C');
    members[0]?.watch('*');
    herd.pass(1);
    members[1]?.report(...crowd(50));
    herd.pass(1);
    expect(members[0]?.changes).to.have.lengthOf(50);
  });

  it('[NA15] repairs what was lost when it is compared', () => {
    const { herd, members } = start(3, 'A', 'B', 'C');
    herd.broker.loses = (subject, to) => subject.includes('.locations.') && to === 'B';
    const locations = crowd(30);
    members[0]?.report(...locations);
    herd.pass(1);
    herd.broker.loses = () => false;
    herd.pass(35);
    for (const { client, line } of locations) expect(ask(herd, members[1]!, client)).to.equal(line);
  });

  it('[NA10] compares again after a heartbeat what it has filled, since publications may be lost until then', () => {
    const { herd, members } = start(2, 'A', 'B', 'C');
    members[0]?.report(...crowd(300));
    herd.pass(3);
    const joining = herd.start('D');
    while (joining.count('filling') === 0) herd.pass(0.1);
    herd.pass(0.5);
    herd.broker.loses = (subject, to) => subject.includes('.locations.') && to === 'D';
    const locations = crowd(300, now + 1);
    members[0]?.report(...locations);
    herd.pass(0.1);
    herd.broker.loses = () => false;
    for (let steps = 0; joining.count('filling') > 0 && steps < 100; steps += 1) herd.pass(0.1);
    const share = locations.filter(({ client }) => joining.states.get(partitionOf(client)) === 'complete');
    expect(share.length).to.be.above(100);
    for (const { client, line } of share) expect(joining.whereIs(client)(), client).to.equal(line);
  });

  it('[NA14] counts nothing as complete after a lost connection until it was compared', () => {
    const { herd, members } = start(3, 'A', 'B', 'C');
    const [a, b] = members;
    herd.broker.disconnect('B');
    a?.report(...crowd(20));
    for (let steps = 0; b?.count('complete') !== 0 && steps < 1_000; steps += 1) herd.pass(0.1);
    expect(b?.count('filling')).to.equal(256);
    herd.pass(6);
    expect(b?.count('complete')).to.equal(256);
    for (const { client, line } of crowd(20)) expect(b?.whereIs(client)()).to.equal(line);
  });

  it('[NA7][NA8] publishes nothing again that was confirmed, and tells that nothing is missing', () => {
    const { herd, members } = start(1, 'A', 'B');
    const client = Array.from({ length: 50 }, (_, index) => `client-${index}`).find(
      (id) => members[0]?.states.get(partitionOf(id)) !== 'complete',
    );
    members[0]?.report(createLocation(client ?? '', now));
    herd.pass(6);
    herd.broker.disconnect('A');
    herd.pass(30);
    const publications = herd.broker.published.filter(
      ({ subject, from }) => from === 'A' && subject === `herd.test.locations.${partitionOf(client ?? '')}`,
    );
    expect(publications).to.have.lengthOf(2);
    expect(publications[0]?.text).to.match(/^PUB A \w+ 1 0\nAT /);
    expect(publications[1]?.text).to.match(/^PUB A \w+ 2 1\n$/);
  });

  it('[NA2] takes only published locations of a server that is not a member', () => {
    const { herd, members } = start(2, 'A', 'B');
    const session = herd.broker.connect('X').open({
      opened: () => undefined,
      received: () => undefined,
      unanswered: () => undefined,
      closed: () => undefined,
    });
    herd.pass(1);
    const publish = (subject: string, text: string): void => {
      session.publish(subject, Buffer.from(text, 'latin1'));
      herd.pass(0.1);
    };
    const responses = (): number =>
      herd.broker.published.filter(({ subject }) => subject === 'herd.test.servers.X.direct').length;
    const { client, line } = createLocation('client-1', now);
    publish(`herd.test.locations.${partitionOf(client)}`, `PUB X r 3 0\n${line}\n`);
    publish('herd.test.servers.A.direct', 'DIGEST X r ask\n9 a\n');
    expect(ask(herd, members[0]!, client)).to.equal(line);
    expect(responses()).to.equal(0);
    const none = new PartitionSet().encode();
    publish('herd.test.presence', `PRESENCE X r 1 2 leaving ${none} ${none}\n`);
    publish('herd.test.servers.A.direct', 'DIGEST X r ask\n9 a\n');
    expect(responses()).to.be.above(0);
  });

  it('[NA2][NA3] ignores messages that are not valid, and warns', () => {
    const { herd, members } = start(2, 'A', 'B');
    const session = herd.broker.connect('X').open({
      opened: () => undefined,
      received: () => undefined,
      unanswered: () => undefined,
      closed: () => undefined,
    });
    herd.pass(1);
    const line = createLocation('client-1', now).line;
    for (const [subject, text] of [
      ['herd.test.locations.0', ''],
      ['herd.test.locations.0', 'PUB X'],
      ['herd.test.locations.300', 'PUB X 1 1 0\n'],
      [`herd.test.locations.${(partitionOf('client-1') + 1) % 256}`, `PUB X 1 1 0\n${line}\n`],
      [`herd.test.locations.${partitionOf('client-1')}`, `PUB X 1 1 0\nAT nonsense\n`],
      ['herd.test.presence', '\0\xff'],
      ['herd.test.presence', 'PRESENCE X 1 1 2 active AA AA\n'],
      ['herd.test.servers.A.direct', 'DIGEST X 1 sync\n1\n'],
      ['herd.test.servers.A.direct', 'COMPARE X 1 999 AAAA\n'],
      ['herd.test.servers.A.direct', 'COMPARE X 1 9 AAAA\n'],
      ['herd.test.servers.A.nothing', 'PUB'],
      ['herd.test.servers.A.response.7', 'AT what'],
    ] as const) {
      session.publish(subject, Buffer.from(text, 'latin1'));
    }
    herd.pass(2);
    expect(ask(herd, members[0]!, 'client-1')).to.equal('unknown');
    expect(members[0]?.events.filter(({ kind }) => kind === 'warning')).to.have.lengthOf(1);
    members[0]?.report(createLocation('client-1', now + 9));
    herd.pass(1);
    expect(ask(herd, members[1]!, 'client-1')).to.contain(String(now + 9));
  });
});
