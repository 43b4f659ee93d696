import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AddressQuota } from '../../../actors/client/address-quota.js';
import type { Clock } from '../../../actors/ports/clock.js';
import { addressOfSocket } from '../../sockets/listening.js';
import type { HttpConnections } from '../server/http-connections.js';
import { HttpError } from '../server/http-error.js';
import { SseReader } from './sse-client.js';

/** Opens streams of server-sent events, so many per address. */
export class EventStreams {
  constructor(
    private readonly edges: {
      readonly clock: Clock;
      readonly watchersPerAddress: AddressQuota;
      readonly watchersPerAddressMax: number;
    },
    private readonly connections: HttpConnections,
  ) {}

  /**
   * Answers a request with a stream of events.
   * @param onGone called once, when the reader is gone
   * @throws HttpError if its client is gone already, or its address has as many subscriptions as it may have
   */
  open(request: FastifyRequest, reply: FastifyReply, onGone: (reader: SseReader) => void): SseReader {
    const { clock, watchersPerAddress, watchersPerAddressMax } = this.edges;
    // A response that is closed already tells nobody of it again: the place of its reader would never be free.
    if (reply.raw.destroyed) throw new HttpError(503, 'the client is gone');
    const address = addressOfSocket(request.raw.socket);
    if (!watchersPerAddress.take(address)) {
      throw new HttpError(
        503,
        `this address has ${watchersPerAddressMax} subscriptions already: close one of them first`,
      );
    }
    reply.hijack();
    const wrote = (keptBytes: number) => this.connections.wrote(request.raw, keptBytes);
    const gone = () => {
      watchersPerAddress.release(address);
      onGone(reader);
    };
    const reader = new SseReader(reply.raw, { clock, wrote }, gone, reply.getHeaders() as Record<string, string>);
    return reader;
  }
}
