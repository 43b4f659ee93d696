import { expect } from 'chai';
import { ActorGateway, GatewayError } from '../../../src/actors/client/actor-gateway.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { strictBus } from '../../support/fake-bus.js';
import { createLocation } from '../../support/fake-location.js';

describe('ActorGateway', () => {
  const page = { locations: [createLocation('kiwi', 1)], next: undefined, size: 1 };
  let bus: MessageBus;
  let gateway: ActorGateway;
  let store: FakeActor<StoreMessage>;

  beforeEach(() => {
    bus = strictBus();
    gateway = new ActorGateway(bus);
    store = new FakeActor();
    bus.attach(addresses.gateway, gateway);
    bus.attach(addresses.store, store);
  });

  /** Requests a page, and returns the error that the request is rejected with. */
  function listError(): Promise<unknown> {
    return gateway.list(0, 10).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('resolves each request with its own reply, in whatever order they arrive', async () => {
    const requests = [gateway.list(0, 10), gateway.list(1, 10)];
    bus.send(addresses.gateway, { kind: 'listed', requestId: 2, ...page, size: 2 });
    bus.send(addresses.gateway, { kind: 'listed', requestId: 1, ...page });
    expect((await Promise.all(requests)).map(({ size }) => size)).to.deep.equal([1, 2]);
    expect(store.take().map(({ kind }) => kind)).to.deep.equal(['list', 'list']);
  });

  it('rejects a request that an actor failed to handle', async () => {
    const error = listError();
    bus.send(addresses.gateway, { kind: 'request-failed', requestId: 1 });
    expect(await error)
      .to.be.instanceOf(GatewayError)
      .with.property('message', 'internal error');
  });

  it('rejects more than 10,000 pending requests', async () => {
    for (let count = 0; count < 10_000; count += 1) void listError();
    expect(await listError()).to.have.property('message', 'server overloaded, retry later');
  });

  it('rejects pending and later requests once stopped, and ignores late replies', async () => {
    const pending = listError();
    gateway.stop();
    for (const error of [await pending, await listError()]) {
      expect(error).to.have.property('message', 'server is shutting down');
    }
    expect(() => gateway.report(createLocation('kiwi', 1))).to.throw(GatewayError);
    bus.send(addresses.gateway, { kind: 'listed', requestId: 1, ...page });
  });
});
