import type { ByteString } from '../../protocol/text/bytes.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { NearbyQuery } from '../../protocol/upstream/upstream.js';
import type { Actor, Bus } from '../bus/bus.js';
import { addresses } from '../addresses.js';
import type { ListedMessage } from '../bus/requests.js';
import type { GatewayMessage } from './messages.js';

/** Maximum pending requests of all HTTP clients; one more is rejected. */
const maxPendingRequests = 10_000;

/** A page of the locations that a server holds. */
export type LocationPage = Omit<ListedMessage, 'kind' | 'requestId'>;

/** A request without a reply: too many are pending, the server is shutting down, or the actor that handled it failed. */
export class GatewayError extends Error {
  readonly code = 'HERD_GATEWAY';
}

interface PendingRequest {
  readonly onReply: (message: GatewayMessage) => void;
  readonly onError: (error: GatewayError) => void;
}

/**
 * Request/response bridge from HTTP handlers to the actors: each call sends a message, and its promise resolves with the reply
 * that this actor receives.
 */
export class ActorGateway implements Actor<GatewayMessage> {
  private readonly pending = new Map<number, PendingRequest>();
  private lastRequestId = 0;
  private isClosed = false;

  constructor(private readonly bus: Bus) {}

  /** Passes a client's report to the store. */
  report(location: Location): void {
    if (this.isClosed) throw shuttingDownError();
    this.bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of([location]) });
  }

  /**
   * Returns the location of a client: from this server's store, or else from the rest of the herd.
   * @param remoteHost the requester, as from `remoteHostOf`
   */
  async findLocation(client: ClientId, remoteHost: string): Promise<Location | undefined> {
    const replyTo = addresses.gateway;
    const { location } = await this.request(
      (requestId) => this.bus.send(addresses.store, { kind: 'whereis', client, remoteHost, replyTo, requestId }),
      (message) => (message.kind === 'located' ? message : undefined),
    );
    return location;
  }

  /**
   * Returns the upstream's answer about what is near a position, as JSON.
   * @param remoteHost the requester, as from `remoteHostOf`
   */
  nearby(query: NearbyQuery, remoteHost: string): Promise<ByteString> {
    const replyTo = addresses.gateway;
    return this.request(
      (requestId) => this.bus.send(addresses.upstream, { kind: 'nearby', query, remoteHost, replyTo, requestId }),
      (message) => (message.kind === 'nearby-response' ? message.json : undefined),
    );
  }

  /**
   * Returns a page of about `limit` locations.
   * @param cursor 0, or `next` of the page before
   */
  list(cursor: number, limit: number): Promise<LocationPage> {
    const replyTo = addresses.gateway;
    return this.request(
      (requestId) => this.bus.send(addresses.store, { kind: 'list', from: cursor, max: limit, replyTo, requestId }),
      (message) => (message.kind === 'listed' ? message : undefined),
    );
  }

  receive(message: GatewayMessage): void {
    const pendingRequest = this.pending.get(message.requestId);
    this.pending.delete(message.requestId);
    pendingRequest?.onReply(message);
  }

  /** Rejects all pending and all later requests. Replies may still arrive: they are ignored. */
  close(): void {
    this.isClosed = true;
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const { onError } of pending) onError(shuttingDownError());
  }

  stop(): void {
    this.close();
  }

  private request<Reply>(
    send: (requestId: number) => void,
    selectReply: (message: GatewayMessage) => Reply | undefined,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(shuttingDownError());
      if (this.pending.size >= maxPendingRequests) return reject(new GatewayError('server overloaded, retry later'));
      const requestId = (this.lastRequestId += 1);
      const onReply = (message: GatewayMessage) => {
        const reply = selectReply(message);
        if (reply === undefined) reject(new GatewayError('internal error'));
        else resolve(reply);
      };
      this.pending.set(requestId, { onReply, onError: reject });
      send(requestId);
    });
  }
}

function shuttingDownError(): GatewayError {
  return new GatewayError('server is shutting down');
}
