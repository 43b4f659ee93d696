import { expect } from 'chai';
import type { PeerChannel, PeerChannelHandler } from '../../../src/actors/ports/transport.js';
import { InProcessNetwork } from '../../../src/runtime/sockets/in-process-transport.js';
import { LinkFaults } from '../../../src/runtime/faults/link-faults.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import { Turn } from '../../../src/runtime/time/turn.js';
import { eventually } from '../../support/eventually.js';
import { toServerId } from '../../support/fake-location.js';
import { channelHandler } from '../../support/fake-peer-wire.js';
import { describeTransport } from '../sockets/transport-contract.js';

const [blake, bryant] = [toServerId('Blake'), toServerId('Bryant')];

for (const [name, delayMs] of [
  ['sound', 0],
  ['slow', 3],
] as const) {
  describe(`a transport with fault injection, ${name}, is a Transport: it`, () => {
    describeTransport(() => {
      const network = new InProcessNetwork(new Turn().deliveries);
      const faults = new LinkFaults(new SystemClock(), new Turn().deliveries);
      if (delayMs > 0) faults.set(blake, bryant, { kind: 'slow', delayMs });
      return Promise.resolve({
        transport: faults.wrapTransport(network.transportOf(blake), blake),
        listen: (accept) => {
          network.listen(bryant, accept);
          return Promise.resolve();
        },
        close: () => network.unlisten(bryant),
      });
    });
  });
}

describe('a link with an injected fault', () => {
  let faults: LinkFaults;
  let network: InProcessNetwork;
  let told: string[];
  let far: PeerChannel;

  /** Writes down what an end is told of. */
  function listener(end: string): PeerChannelHandler {
    return channelHandler({
      opened: () => told.push(`${end} opened`),
      lines: (_, lines) => told.push(...lines.map((line) => `${end} ${line}`)),
      closed: (_, reason) => told.push(`${end} closed: ${reason}`),
    });
  }

  function dial(): PeerChannel {
    return faults.wrapTransport(network.transportOf(blake), blake).dial(bryant, listener('Blake'));
  }

  beforeEach(() => {
    told = [];
    faults = new LinkFaults(new SystemClock(), new Turn().deliveries);
    network = new InProcessNetwork(new Turn().deliveries);
    network.listen(bryant, (wire) => {
      far = wire;
      return listener('Bryant');
    });
  });

  it('closes at both ends when it is cut, and fails to connect until it is healed', async () => {
    dial();
    await eventually('the call is taken', () => told.length === 1);
    faults.set(bryant, blake, { kind: 'cut' });
    await eventually('both ends are closed', () => told.length === 3);
    expect(told.sort()).to.deep.equal([
      'Blake closed: cut manually',
      'Blake opened',
      'Bryant closed: the far end closed',
    ]);
    told = [];
    dial().send('hello');
    expect(told).to.deep.equal([]);
    await eventually('the call came to nothing', () => told.length > 0);
    faults.set(blake, bryant, { kind: 'none' });
    dial().send('hello');
    await eventually('the line is here', () => told.includes('Bryant hello'));
    expect(told).to.deep.equal(['Blake closed: cut manually', 'Blake opened', 'Bryant hello']);
  });

  it('delays lines in both directions while it is slowed, and loses none when it is healed', async () => {
    const near = dial();
    await eventually('the call is taken', () => told.length === 1);
    faults.set(blake, bryant, { kind: 'slow', delayMs: 60 });
    const sentMs = performance.now();
    near.send('one');
    far.send('two');
    await eventually('both lines are here', () => told.length === 3);
    expect(performance.now() - sentMs).to.be.above(59);
    faults.set(blake, bryant, { kind: 'slow', delayMs: 3_600_000 });
    near.send('three');
    far.send('four');
    near.send('five');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(told).to.have.lengthOf(3);
    faults.set(blake, bryant, { kind: 'none' });
    near.send('six');
    await eventually('all lines are here', () => told.length === 7);
    expect(told.filter((line) => line.startsWith('Bryant')).slice(-3)).to.deep.equal([
      'Bryant three',
      'Bryant five',
      'Bryant six',
    ]);
    expect(told).to.include('Blake four');
  });
});
