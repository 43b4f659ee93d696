import { expect } from 'chai';
import { BrokerWorld, transitMs, type BrokerTestClient } from '../../support/simulated-broker.js';

/** Long enough for routes between nodes and for sessions to be open. */
const openMs = 1_500;

/** Three clients, each at a node of its own. */
function createCluster(): { world: BrokerWorld; clients: [BrokerTestClient, BrokerTestClient, BrokerTestClient] } {
  const world = new BrokerWorld(3, ['Blake', 'Howard', 'Metta']);
  const clients: [BrokerTestClient, BrokerTestClient, BrokerTestClient] = [
    world.connect('Blake', 0),
    world.connect('Howard', 1),
    world.connect('Metta', 2),
  ];
  world.pass(openMs);
  for (const client of clients) expect(client.take()).to.deep.equal(['opened']);
  return { world, clients };
}

describe('a cluster of simulated broker nodes', () => {
  it('spreads interest with the delay of the network, and messages only to where it is', () => {
    const {
      world,
      clients: [blake, howard, metta],
    } = createCluster();
    howard.session.subscribe('news');
    world.pass(transitMs / 2);
    // It arrives when Howard's node knows, and Blake's does not yet.
    blake.publish('news', 'early', 'reply.1');
    world.pass(openMs);
    blake.publish('news', 'late', 'reply.2');
    world.pass(openMs);
    expect(howard.take()).to.deep.equal(['news: late > reply.2']);
    expect(blake.take()).to.deep.equal(['unanswered reply.1']);
    expect(metta.take()).to.deep.equal([]);
    expect(world.delivered.filter((text) => text.startsWith('broker-1>broker-3 RMSG'))).to.deep.equal([]);
  });

  it('prefers subscribers of a queue group at the node of the publisher, and chooses one node otherwise', () => {
    const {
      world,
      clients: [blake, howard, metta],
    } = createCluster();
    const local = world.connect('Bryant', 0);
    world.pass(openMs);
    local.take();
    for (const client of [howard, metta]) client.session.subscribe('lookup', 'holders');
    const unsubscribe = local.session.subscribe('lookup', 'holders');
    world.pass(openMs);
    for (let count = 0; count < 50; count += 1) blake.publish('lookup', 'kiwi');
    world.pass(openMs);
    expect(local.take()).to.have.lengthOf(50);
    expect([...howard.take(), ...metta.take()]).to.deep.equal([]);
    unsubscribe();
    world.pass(openMs);
    for (let count = 0; count < 200; count += 1) blake.publish('lookup', 'kiwi');
    world.pass(openMs);
    expect(howard.reports.length + metta.reports.length).to.equal(200);
    expect(howard.reports.length).to.be.within(60, 140);
  });

  it('chooses among nodes by the number of their subscribers', () => {
    const {
      world,
      clients: [blake, howard, metta],
    } = createCluster();
    const others = [1, 2, 3].map((number) => world.connect(`Other ${number}`, 1));
    world.pass(openMs);
    for (const client of [howard, metta, ...others]) client.session.subscribe('lookup', 'holders');
    world.pass(openMs);
    for (let count = 0; count < 200; count += 1) blake.publish('lookup', 'kiwi');
    world.pass(openMs);
    // One of five subscribers.
    expect(metta.reports.length).to.be.within(20, 60);
  });

  it('loses a request whose only remote subscriber has just ended its subscription', () => {
    const {
      world,
      clients: [blake, howard],
    } = createCluster();
    const unsubscribe = howard.session.subscribe('lookup', 'holders');
    world.pass(openMs);
    unsubscribe();
    blake.publish('lookup', 'kiwi', 'reply.1');
    world.pass(openMs);
    blake.publish('lookup', 'kiwi', 'reply.2');
    world.pass(openMs);
    expect(howard.take()).to.deep.equal([]);
    expect(blake.take()).to.deep.equal(['unanswered reply.2']);
  });

  it('loses messages silently while a route is cut, and exchanges interest again when it is healed', () => {
    const {
      world,
      clients: [blake, howard],
    } = createCluster();
    howard.session.subscribe('news');
    world.pass(openMs);
    world.cut('broker-1', 'broker-2');
    blake.publish('news', 'lost', 'reply.1');
    world.pass(10_000);
    // By now both nodes have given the route up.
    howard.session.subscribe('sport');
    blake.publish('news', 'not sent', 'reply.2');
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['unanswered reply.2']);
    world.heal();
    world.pass(10_000);
    for (const subject of ['news', 'sport']) blake.publish(subject, 'back', 'reply.3');
    world.pass(openMs);
    expect(howard.take()).to.deep.equal(['news: back > reply.3', 'sport: back > reply.3']);
    expect(blake.take()).to.deep.equal([]);
  });

  it('goes on without a node, whose clients continue at the next one', () => {
    const {
      world,
      clients: [blake, howard, metta],
    } = createCluster();
    for (const client of [blake, howard, metta]) client.session.subscribe('news');
    world.pass(openMs);
    world.broker.stop('broker-2');
    world.pass(openMs);
    expect(howard.take()).to.deep.equal(['closed: the connection was reset']);
    blake.publish('news', 'one');
    howard.reopen();
    world.pass(openMs);
    howard.session.subscribe('news');
    world.pass(openMs);
    blake.publish('news', 'two');
    world.pass(openMs);
    expect(howard.take()).to.deep.equal(['opened', 'news: two']);
    expect(metta.take()).to.deep.equal(['news: one', 'news: two']);
    expect(world.delivered.some((text) => text.startsWith('Howard>broker-3 SUB news'))).to.equal(true);
    world.broker.start('broker-2');
    world.pass(5_000);
    const bryant = world.connect('Bryant', 1);
    world.pass(openMs);
    bryant.publish('news', 'three');
    world.pass(openMs);
    expect(blake.take()).to.deep.equal(['news: three']);
    expect(metta.take()).to.deep.equal(['news: three']);
  });
});
