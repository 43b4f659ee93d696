import { expect } from 'chai';
import { HerdClientError } from '../../src/client/errors.js';
import { Redial } from '../../src/client/reconnect.js';
import { patienceMs } from '../support/eventually.js';
import { codeOf } from './code-of.js';

/** Long enough for two to wait at once. */
const shortMs = 30;

describe('a connection made anew for all who wait', () => {
  it('is awaited by each until its own time is up', async () => {
    let open = (_: string): void => undefined;
    let attempts = 0;
    const redial = new Redial<string>(() => {
      attempts += 1;
      return new Promise((resolve) => (open = resolve));
    });
    const soon = codeOf(redial.connection(performance.now() + shortMs));
    const later = redial.connection(performance.now() + patienceMs);
    expect(await soon).to.equal('HERD_UNREACHABLE');
    open('connection');
    expect(await later).to.equal('connection');
    expect(attempts).to.equal(1);
  });

  it('is tried for as long as somebody waits', async () => {
    let server: 'down' | 'up' = 'down';
    const redial = new Redial<string>(async () => {
      if (server === 'down') throw new HerdClientError('HERD_UNREACHABLE', 'refused');
      return Promise.resolve('connection');
    });
    const soon = redial.connection(performance.now() + shortMs).catch(String);
    const later = redial.connection(performance.now() + patienceMs);
    expect(await soon).to.contain('refused');
    server = 'up';
    expect(await later).to.equal('connection');
  });

  it('is not tried again by who is done', async () => {
    let attempts = 0;
    const redial = new Redial<string>(() => {
      attempts += 1;
      return Promise.reject(new HerdClientError('HERD_CLOSED', 'the client was closed'));
    });
    expect(await codeOf(redial.connection(performance.now() + patienceMs))).to.equal('HERD_CLOSED');
    expect(attempts).to.equal(1);
  });
});
