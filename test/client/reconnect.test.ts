import { expect } from 'chai';
import { HerdClientError } from '../../src/client/errors.js';
import { Reconnector } from '../../src/client/reconnect.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { rejectionCode } from './rejection-code.js';

/** Long enough for two to wait at once. */
const shortMs = 30;

describe('Reconnector', () => {
  it('keeps the deadline of each caller', async () => {
    let open = (_: string): void => undefined;
    let attempts = 0;
    const redial = new Reconnector<string>(() => {
      attempts += 1;
      return new Promise((resolve) => (open = resolve));
    });
    const soon = rejectionCode(redial.connect(performance.now() + shortMs));
    const later = redial.connect(performance.now() + defaultTimeoutMs);
    expect(await soon).to.equal('HERD_UNREACHABLE');
    open('connection');
    expect(await later).to.equal('connection');
    expect(attempts).to.equal(1);
  });

  it('retries until the last deadline', async () => {
    let server: 'down' | 'up' = 'down';
    const redial = new Reconnector<string>(async () => {
      if (server === 'down') throw new HerdClientError('HERD_UNREACHABLE', 'refused');
      return Promise.resolve('connection');
    });
    const soon = redial.connect(performance.now() + shortMs).catch(String);
    const later = redial.connect(performance.now() + defaultTimeoutMs);
    expect(await soon).to.contain('refused');
    server = 'up';
    expect(await later).to.equal('connection');
  });

  it('does not retry a closed client', async () => {
    let attempts = 0;
    const redial = new Reconnector<string>(() => {
      attempts += 1;
      return Promise.reject(new HerdClientError('HERD_CLOSED', 'the client was closed'));
    });
    expect(await rejectionCode(redial.connect(performance.now() + defaultTimeoutMs))).to.equal('HERD_CLOSED');
    expect(attempts).to.equal(1);
  });
});
