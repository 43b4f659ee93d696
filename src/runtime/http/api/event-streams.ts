import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AddressQuota } from '../../../actors/client/address-quota.js';
import type { Clock } from '../../../actors/ports/clock.js';
import { remoteAddressOfSocket } from '../../sockets/listener.js';
import type { HttpConnections } from '../server/http-connections.js';
import { HttpError } from '../server/http-error.js';
import { SseClient } from './sse-client.js';

/** Opens streams of server-sent events, so many per address. */
export class EventStreams {
  constructor(
    private readonly options: {
      readonly clock: Clock;
      readonly subscribersPerAddress: AddressQuota;
      readonly maxSubscribersPerAddress: number;
    },
    private readonly connections: HttpConnections,
  ) {}

  /**
   * Answers a request with a stream of events.
   * @param onGone called once, when the reader is gone
   * @throws HttpError if its client is gone already, or its address has as many subscriptions as it may have
   */
  open(request: FastifyRequest, reply: FastifyReply, onGone: (client: SseClient) => void): SseClient {
    const { clock, subscribersPerAddress, maxSubscribersPerAddress } = this.options;
    // A response that is closed already tells nobody of it again: the place of its reader would never be free.
    if (reply.raw.destroyed) throw new HttpError(503, 'the client is gone');
    const address = remoteAddressOfSocket(request.raw.socket);
    if (!subscribersPerAddress.tryAcquire(address)) {
      throw new HttpError(
        503,
        `this address has ${maxSubscribersPerAddress} subscriptions already: close one of them first`,
      );
    }
    reply.hijack();
    const onWrite = (pendingBytes: number) => this.connections.recordWrite(request.raw, pendingBytes);
    const onClose = () => {
      subscribersPerAddress.release(address);
      onGone(client);
    };
    const client = new SseClient(reply.raw, { clock, onWrite }, onClose, reply.getHeaders() as Record<string, string>);
    return client;
  }
}
