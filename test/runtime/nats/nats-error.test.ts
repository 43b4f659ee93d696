import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { withTimeout } from '../../support/eventually.js';

describe('NATS errors', () => {
  it('describe a connection that was closed without a reason', async () => {
    const mute = createServer((socket) => socket.end());
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const settings = {
      servers: [`127.0.0.1:${port}`],
      bucket: 'b',
      replicas: 1,
      credentials: undefined,
      tls: undefined,
    };
    const bucket = new NatsBucket({ ...settings, beatMs: 1_000 }, 'test');
    const reason = new Promise<string>((resolve) => {
      const nothing = () => undefined;
      const closed = (_: unknown, why: string) => resolve(why);
      const listener = { opened: nothing, warned: nothing, changed: nothing, loaded: nothing, closed };
      bucket.open(listener, 'everything');
    });
    expect(await withTimeout(reason, 'the reason')).to.match(/^connection closed without a reason /);
    mute.close();
  });
});
