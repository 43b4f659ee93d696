import { expect } from 'chai';

import { restartDelayMs, ServiceThread } from '../../src/upstreams/sample/service-thread.js';

const mortal = new URL('./crashing-worker.js', import.meta.url);

/** Asks until the service answers; the test's own deadline ends it. */
async function answer(url: string): Promise<string> {
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

describe('ServiceThread', () => {
  let thread: ServiceThread;
  let failures: Error[];

  beforeEach(async () => {
    failures = [];
    thread = await ServiceThread.start(mortal, (error) => failures.push(error));
  });
  afterEach(() => thread.stop());

  for (const [way, reason] of [
    ['/throw', 'thrown on demand'],
    ['/exit', "the service's thread exited with code 3"],
  ]) {
    it(`serves again at the same address after ${way}, and says what happened`, async () => {
      const { url } = thread;
      await fetch(`${url}${way}`).catch(() => undefined);
      expect(await answer(url)).to.equal('alive');
      expect(thread.url).to.equal(url);
      expect(failures.map(({ message }) => message)).to.deep.equal([reason]);
    });
  }

  it('passes on what a request failed on, and goes on', async () => {
    await fetch(`${thread.url}/tell`);
    expect(await answer(thread.url)).to.equal('alive');
    expect(failures).to.have.lengthOf(1);
    expect(failures[0]).to.be.instanceOf(TypeError).with.property('message', 'told on demand');
  });

  it('is gone after stop, and stays so', async () => {
    await thread.stop();
    await thread.stop();
    const refusal: unknown = await fetch(thread.url).catch((error: unknown) => error);
    expect(refusal).to.have.nested.property('cause.code', 'ECONNREFUSED');
    expect(failures).to.deep.equal([]);
  });

  it('can be stopped while it waits to start again', async () => {
    await fetch(`${thread.url}/exit`).catch(() => undefined);
    while (failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await thread.stop();
    // Long enough for a thread that was started all the same to listen.
    await new Promise((resolve) => setTimeout(resolve, restartDelayMs(1) + 400));
    const refusal: unknown = await fetch(thread.url).catch((error: unknown) => error);
    expect(refusal).to.have.nested.property('cause.code', 'ECONNREFUSED');
  });

  it('fails to start when its thread dies before it listens', async () => {
    const nowhere = new URL('./no-such-worker.js', import.meta.url);
    const outcome: unknown = await ServiceThread.start(nowhere, (error) => failures.push(error)).catch(
      (error: unknown) => error,
    );
    expect(outcome).to.be.instanceOf(Error).with.property('message').that.includes('no-such-worker');
    expect(failures).to.deep.equal([]);
  });
});

describe('restartDelayMs', () => {
  it('doubles from soon to five seconds', () => {
    expect([1, 2, 3, 7, 8, 2000].map(restartDelayMs)).to.deep.equal([50, 100, 200, 3200, 5000, 5000]);
  });
});
