import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { fastify } from 'fastify';
import { AddressQuota } from '../../../../src/actors/client/address-quota.js';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { OutputBudget } from '../../../../src/actors/client/output-budget.js';
import { EventStreams } from '../../../../src/runtime/http/api/event-streams.js';
import { HttpConnections } from '../../../../src/runtime/http/server/http-connections.js';
import { SystemClock } from '../../../../src/runtime/time/system-clock.js';
import { eventually } from '../../../support/eventually.js';
import { strictBus } from '../../../support/fake-bus.js';

describe('EventStreams', () => {
  it('uses no slot for a client that disconnects before its request is handled', async () => {
    const clock = new SystemClock();
    const bus = strictBus();
    const outputBudget = new OutputBudget(defaultLimits.maxTotalOutputBufferBytes);
    const connections = new HttpConnections({
      bus,
      clock,
      limits: defaultLimits,
      outputBudget,
      onDropped: () => undefined,
    });
    const subscribersPerAddress = new AddressQuota(1);
    const streams = new EventStreams({ clock, subscribersPerAddress, maxSubscribersPerAddress: 1 }, connections);
    const app = fastify();
    let outcome = 'not handled';
    app.get('/', (request, reply) => {
      try {
        streams.open(request, reply, () => undefined);
        outcome = 'opened';
      } catch (error) {
        outcome = String(error);
        throw error;
      }
    });
    app.addHook('preHandler', async (_request, { raw }) => {
      socket.resetAndDestroy();
      await once(raw, 'close');
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually('the request is handled', () => outcome !== 'not handled');
    await app.close();
    expect(outcome).to.equal('Error: client disconnected');
    expect(subscribersPerAddress.tryAcquire('127.0.0.1')).to.equal(true);
  });
});
