import { expect } from 'chai';
import { DescriptorMonitor } from '../../../src/runtime/sockets/descriptor-monitor.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('DescriptorWatch', () => {
  let clock: VirtualClock;
  let code: string | undefined;
  let opened: number;
  let closed: number;
  let said: string[];
  let watch: DescriptorMonitor;

  beforeEach(() => {
    clock = new VirtualClock();
    code = undefined;
    opened = closed = 0;
    said = [];
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
    watch = new DescriptorMonitor(clock, (reason) => said.push(reason), probe);
    watch.start();
  });

  async function seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('says once that none is left, and once more when that comes again', async () => {
    await seconds(3);
    expect(said).to.deep.equal([]);
    code = 'EMFILE';
    await seconds(10);
    const sentence = 'no file descriptor is left (EMFILE): connections are refused; raise the limit (ulimit -n)';
    expect(said).to.deep.equal([sentence]);
    code = undefined;
    await seconds(3);
    watch.recordFailure(Object.assign(new Error(), { code: 'EMFILE' }));
    expect(said, 'it was not over').to.have.lengthOf(1);
    await seconds(5);
    watch.recordFailure(Object.assign(new Error(), { code: 'EMFILE' }));
    expect(said).to.deep.equal([sentence, sentence]);
    expect(closed, 'it keeps none').to.equal(opened);
  });

  it('says nothing of other errors, and stops', async () => {
    code = 'EACCES';
    await seconds(2);
    expect(said).to.deep.equal([]);
    watch.stop();
    expect(clock.armedTimerCount).to.equal(0);
  });
});
