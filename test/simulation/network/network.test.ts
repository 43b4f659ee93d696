import { expect } from 'chai';
import { defaultBufferBytes, type NetworkConditions } from '../../../src/simulation/network/path.js';
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.js';
import type { Socket, SocketHost, SocketListener } from '../../../src/simulation/network/socket.js';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';
import { SimulatedProcess } from '../../../src/simulation/virtual/simulated-process.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

const usual: NetworkConditions = {
  delay: { minMs: 10, maxMs: 10 },
  loss: 0,
  duplicate: 0,
  bytesPerSecond: Infinity,
  bufferBytes: defaultBufferBytes,
};

/** Keeps what one end of a connection is told, and when. */
class Ear implements SocketListener {
  readonly heard: string[] = [];
  text = '';
  lastMs = 0;

  constructor(private readonly clock: VirtualClock) {}

  opened(): void {
    this.note('opened');
  }

  bytes(text: string): void {
    this.text += text;
    this.lastMs = this.clock.monotonicMs();
  }

  drained(): void {
    this.note('drained');
  }

  ended(): void {
    this.note('ended');
  }

  closed(reason: string): void {
    this.note(`closed: ${reason}`);
  }

  private note(what: string): void {
    this.heard.push(`${what} at ${Math.round(this.clock.monotonicMs())}`);
  }
}

describe('the simulated network', () => {
  let clock: VirtualClock;
  let network: SimulatedNetwork;
  let near: Ear;
  let far: Ear;
  let server: SimulatedProcess;
  const door = { address: 'B/door', phase: 'clients' } as const;
  const caller: SocketHost = { name: 'A', isAlive: true, run: (work) => work() };

  const build = (conditions: Partial<NetworkConditions> = {}) => {
    clock = new VirtualClock();
    network = new SimulatedNetwork(clock, new SeededRandom('1'), { ...usual, ...conditions }, () => undefined);
    near = new Ear(clock);
    far = new Ear(clock);
    server = new SimulatedProcess('B');
    network.listen(door, { host: server, accept: () => far });
  };
  const pass = (ms: number) => {
    const untilMs = clock.monotonicMs() + ms;
    do network.turn.end();
    while (clock.fireNext(untilMs));
  };
  const dial = (): Socket => network.dial(caller, 'B', door, near);
  const connected = (): Socket => {
    const socket = dial();
    pass(100);
    return socket;
  };

  beforeEach(() => build());

  it('opens a connection after a round trip, and refuses one without a listener', () => {
    dial();
    pass(100);
    expect(near.heard).to.deep.equal(['opened at 20']);
    network.resetAll(server);
    pass(100);
    expect(near.heard.at(-1)).to.equal('closed: ECONNRESET at 110');
    dial();
    pass(100);
    expect(near.heard.at(-1)).to.equal('closed: ECONNREFUSED at 220');
  });

  it('carries all bytes in order, however many are lost or come at other times', () => {
    build({ loss: 0.3, delay: { minMs: 1, maxMs: 500 } });
    const socket = dial();
    pass(60_000);
    let sent = '';
    for (let line = 0; line < 200; line += 1) {
      const text = `${line} ${'x'.repeat((line * 37) % 3_000)}\n`;
      sent += text;
      socket.write(text);
      pass(5);
    }
    pass(600_000);
    expect(far.text).to.equal(sent);
  });

  it('holds what is sent into a cut, and sends it again after the cut is healed', () => {
    const socket = connected();
    const path = network.path('A', 'B');
    path.block('cut');
    socket.write('one\n');
    pass(3_000);
    expect(far.text).to.equal('');
    path.heal();
    network.pathChanged(path);
    pass(10_000);
    expect(far.text).to.equal('one\n');
    // Sent at 100, it met the cut at 110; healed at 3,100, it went again 200 + 400 + 800 + 1,600 ms after it had met it.
    expect(far.lastMs).to.equal(3_120);
  });

  it('delivers at once what a stall has held', () => {
    const socket = connected();
    const path = network.path('A', 'B');
    path.stall();
    socket.write('one\n');
    pass(1_000);
    expect(far.text).to.equal('');
    path.heal();
    network.pathChanged(path);
    pass(10);
    expect(far.text).to.equal('one\n');
  });

  it('says nothing of a crash over a cut, until something is sent', () => {
    const socket = connected();
    const back = network.path('B', 'A');
    back.block('cut');
    server.kill();
    network.resetAll(server);
    pass(10_000);
    back.heal();
    network.pathChanged(back);
    pass(10_000);
    expect(near.heard).to.deep.equal(['opened at 20']);
    socket.write('anybody there?\n');
    pass(100);
    expect(near.heard.at(-1)).to.equal('closed: ECONNRESET at 20120');
  });

  it('buffers bytes for a paused process up to a limit, and delivers them when it resumes', () => {
    const socket = connected();
    server.pause();
    socket.write('x'.repeat(300_000));
    pass(1_000);
    expect(far.text).to.equal('');
    expect(socket.backlogBytes).to.equal(300_000 - 128 * 1024);
    server.resume();
    pass(1_000);
    expect(far.text).to.have.length(300_000);
    expect(socket.backlogBytes).to.equal(0);
    expect(near.heard.at(-1)).to.match(/^drained/);
  });

  it('carries as many bytes a second as it may, and what waits at the new pace when that changes', () => {
    build({ bytesPerSecond: 1_000 });
    const socket = connected();
    pass(1_000);
    const startMs = clock.monotonicMs();
    socket.write('x'.repeat(1_000));
    pass(10_000);
    expect(far.lastMs - startMs).to.be.within(1_000, 1_100);
    socket.write('y'.repeat(100_000));
    pass(1_000);
    const path = network.path('A', 'B');
    path.slow({ bytesPerSecond: Infinity });
    network.pathChanged(path);
    pass(10);
    expect(far.text).to.have.length(101_000);
  });
});
