import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { buildTopology } from '../../../src/protocol/place/topology.js';
import type { PathConditions } from '../../../src/simulation/network/path.js';
import { ProxiedNetwork } from '../../../src/simulation/real/proxied-network.js';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';
import { eventually } from '../../support/eventually.js';
import { toServerId } from '../../support/fake-location.js';

const usual: PathConditions = { delay: { minMs: 1, maxMs: 5 }, loss: 0, duplicate: 0, bytesPerSecond: Infinity };
const ada = toServerId('Ada');
const bob = toServerId('Bob');

/** One end of a connection, and what came to it. */
class Ear {
  text = '';
  closedBy = '';
  state: 'open' | 'closed' = 'open';

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (this.text += text));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.closedBy = error.code ?? ''));
    socket.on('close', () => (this.state = 'closed'));
  }

  hears(text: string): Promise<unknown> {
    return eventually(`"${text.slice(0, 40)}" has come`, () => this.text === text);
  }

  closes(): Promise<unknown> {
    return eventually('it is closed', () => this.state === 'closed');
  }
}

describe('a connection over a proxied network', () => {
  let network: ProxiedNetwork;
  let target: Server;
  let called: Ear[];
  let callers: Ear[];
  let carried: string[];

  async function build(conditions: Partial<PathConditions> = {}): Promise<void> {
    network = new ProxiedNetwork(
      buildTopology([ada, bob], [[ada, bob]]),
      { ...usual, ...conditions },
      {
        random: new SeededRandom('1'),
        nowMs: () => 0,
        delivered: (from, to, { text }) => carried.push(`${from}>${to} ${text}`),
      },
    );
    await network.start();
    network.setServerPort(bob, (target.address() as AddressInfo).port);
  }

  beforeEach(async () => {
    [called, callers, carried] = [[], [], []];
    target = createServer((socket) => called.push(new Ear(socket)));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    await build();
  });

  afterEach(async () => {
    for (const { socket } of [...callers, ...called]) socket.destroy();
    target.close();
    await network.stop();
  });

  /** Ada calls Bob. */
  function call(): Ear {
    const ear = new Ear(connect(network.portFor(ada, bob), '127.0.0.1'));
    callers.push(ear);
    return ear;
  }

  async function connected(): Promise<{ near: Ear; far: Ear }> {
    const count = called.length;
    const near = call();
    return { near, far: await eventually('the call is passed on', () => called[count]) };
  }

  it('carries bytes and ends in both directions, and reports what it delivered', async () => {
    const { near, far } = await connected();
    near.socket.write('there');
    await far.hears('there');
    far.socket.end('and back');
    await near.hears('and back');
    await Promise.all([near.closes(), far.closes()]);
    expect([near.closedBy, far.closedBy]).to.deep.equal(['', '']);
    expect(carried).to.deep.equal(['Ada>Bob there', 'Bob>Ada and back']);
  });

  it('keeps the order of large amounts whatever is late or lost, and waits for a slow reader', async () => {
    await network.stop();
    await build({ delay: { minMs: 0, maxMs: 20 }, loss: 0.01 });
    const { near, far } = await connected();
    const text = Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join('');
    far.socket.pause();
    near.socket.write(text);
    await eventually('some of it has come', () => carried.length > 10);
    far.socket.resume();
    await far.hears(text);
  });

  it('holds what is sent into a cut, calls among it, and brings it when the cut is healed', async () => {
    const { near, far } = await connected();
    const path = network.path(ada, bob);
    path.block('cut');
    network.pathChanged(path);
    near.socket.write('through a cut');
    const late = call();
    late.socket.write('called in a cut');
    // The other way goes on.
    far.socket.write('back');
    await near.hears('back');
    expect([far.text, called.length]).to.deep.equal(['', 1]);
    path.heal();
    network.pathChanged(path);
    await far.hears('through a cut');
    await (await eventually('the call is passed on', () => called[1])).hears('called in a cut');
  });

  it('delivers what a stall has held after the sender has ended', async () => {
    const { near, far } = await connected();
    const path = network.path(ada, bob);
    path.stall();
    network.pathChanged(path);
    near.socket.end('last words');
    far.socket.write('x');
    await near.hears('x');
    expect(far.text).to.equal('');
    path.heal();
    network.pathChanged(path);
    await far.hears('last words');
    await far.closes();
  });

  it('resets connections to a server without a listener until it listens', async () => {
    network.setServerPort(bob, 0);
    const refused = call();
    await refused.closes();
    expect(refused.closedBy).to.equal('ECONNRESET');
    network.setServerPort(bob, (target.address() as AddressInfo).port);
    await connected();
  });

  for (const killed of [ada, bob]) {
    it(`resets both sides when ${killed} is killed, whichever has called`, async () => {
      const { near, far } = await connected();
      network.resetServer(killed);
      await Promise.all([near.closes(), far.closes()]);
      expect([near.closedBy, far.closedBy]).to.deep.equal(['ECONNRESET', 'ECONNRESET']);
    });
  }

  it('reports a killed process over a cut only when something is sent', async () => {
    const { near, far } = await connected();
    const path = network.path(bob, ada);
    path.block('cut');
    network.pathChanged(path);
    network.resetServer(bob);
    await far.closes();
    near.socket.write('is anybody there?');
    path.heal();
    network.pathChanged(path);
    await near.closes();
    expect(near.closedBy).to.equal('ECONNRESET');
  });
});
