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
  ['without delay', 0],
  ['slowed', 3],
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
  let reports: string[];
  let remote: PeerChannel;

  /** Writes down what an end is reports of. */
  function recordReports(end: string): PeerChannelHandler {
    return channelHandler({
      opened: () => reports.push(`${end} opened`),
      lines: (_, lines) => reports.push(...lines.map((line) => `${end} ${line}`)),
      closed: (_, reason) => reports.push(`${end} closed: ${reason}`),
    });
  }

  function dial(): PeerChannel {
    return faults.wrapTransport(network.transportOf(blake), blake).dial(bryant, recordReports('Blake'));
  }

  beforeEach(() => {
    reports = [];
    faults = new LinkFaults(new SystemClock(), new Turn().deliveries);
    network = new InProcessNetwork(new Turn().deliveries);
    network.listen(bryant, (wire) => {
      remote = wire;
      return recordReports('Bryant');
    });
  });

  it('closes at both ends when it is cut, and fails to connect until it is healed', async () => {
    dial();
    await eventually('it is open', () => reports.length === 1);
    faults.set(bryant, blake, { kind: 'cut' });
    await eventually('both ends are closed', () => reports.length === 3);
    expect(reports.sort()).to.deep.equal([
      'Blake closed: cut manually',
      'Blake opened',
      'Bryant closed: the remote end closed',
    ]);
    reports = [];
    dial().send('hello');
    expect(reports).to.deep.equal([]);
    await eventually('the connection fails', () => reports.length > 0);
    faults.set(blake, bryant, { kind: 'none' });
    dial().send('hello');
    await eventually('the line is here', () => reports.includes('Bryant hello'));
    expect(reports).to.deep.equal(['Blake closed: cut manually', 'Blake opened', 'Bryant hello']);
  });

  it('delays lines in both directions while it is slowed, and loses none when it is healed', async () => {
    const local = dial();
    await eventually('it is open', () => reports.length === 1);
    faults.set(blake, bryant, { kind: 'slow', delayMs: 60 });
    const sentMs = performance.now();
    local.send('one');
    remote.send('two');
    await eventually('both lines are here', () => reports.length === 3);
    expect(performance.now() - sentMs).to.be.above(59);
    faults.set(blake, bryant, { kind: 'slow', delayMs: 3_600_000 });
    local.send('three');
    remote.send('four');
    local.send('five');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(reports).to.have.lengthOf(3);
    faults.set(blake, bryant, { kind: 'none' });
    local.send('six');
    await eventually('all lines are here', () => reports.length === 7);
    expect(reports.filter((line) => line.startsWith('Bryant')).slice(-3)).to.deep.equal([
      'Bryant three',
      'Bryant five',
      'Bryant six',
    ]);
    expect(reports).to.include('Blake four');
  });
});
