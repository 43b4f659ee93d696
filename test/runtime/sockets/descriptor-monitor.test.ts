import { expect } from 'chai';
import { DescriptorMonitor } from '../../../src/runtime/sockets/descriptor-monitor.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('DescriptorMonitor', () => {
  let clock: VirtualClock;
  let code: string | undefined;
  let opened: number;
  let closed: number;
  let shortages: string[];
  let monitor: DescriptorMonitor;

  beforeEach(() => {
    clock = new VirtualClock();
    code = undefined;
    opened = closed = 0;
    shortages = [];
    const probe = (): Promise<{ close: () => Promise<void> }> => {
      if (code !== undefined) return Promise.reject(Object.assign(new Error(code), { code }));
      opened += 1;
      return Promise.resolve({
        close: () => {
          closed += 1;
          return Promise.resolve();
        },
      });
    };
    monitor = new DescriptorMonitor(clock, (reason) => shortages.push(reason), probe);
    monitor.start();
  });

  async function seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('reports each shortage once', async () => {
    await seconds(3);
    expect(shortages).to.deep.equal([]);
    code = 'EMFILE';
    await seconds(10);
    const expected = 'out of file descriptors (EMFILE): new connections are rejected; raise the limit (ulimit -n)';
    expect(shortages).to.deep.equal([expected]);
    code = undefined;
    await seconds(3);
    monitor.recordFailure(Object.assign(new Error(), { code: 'EMFILE' }));
    expect(shortages, 'it was not over').to.have.lengthOf(1);
    await seconds(5);
    monitor.recordFailure(Object.assign(new Error(), { code: 'EMFILE' }));
    expect(shortages).to.deep.equal([expected, expected]);
    expect(closed, 'it keeps none').to.equal(opened);
  });

  it('ignores other errors, and stops', async () => {
    code = 'EACCES';
    await seconds(2);
    expect(shortages).to.deep.equal([]);
    monitor.stop();
    expect(clock.armedTimerCount).to.equal(0);
  });
});
