import { addresses } from '../../../actors/addresses.js';
import type { GatewayMessage } from '../../../actors/client/messages.js';
import type { Bus, ActorRegistry } from '../../../actors/bus/bus.js';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { NearbyQuery } from '../../../protocol/upstream/upstream.js';

/** Questions that may wait at once; one more is refused. Each is a request that waits for an answer. */
const maxPendingRequests = 10_000;

/** A page of what a server holds. */
export type LocationPage = Omit<Extract<GatewayMessage, { kind: 'listed' }>, 'kind' | 'requestId'>;

/** A question that is not answered: there are too many, the server goes down, or whoever was asked broke down over it. */
export class GatewayError extends Error {
  readonly code = 'HERD_DESK';
}

/** Waits for one answer. */
interface PendingRequest {
  readonly onReply: (message: GatewayMessage) => void;
  readonly onError: (error: GatewayError) => void;
}

/** Asks the actors of a server in the name of those who come over HTTP, one promise a question. */
export class ActorGateway {
  private readonly pending = new Map<number, PendingRequest>();
  private lastRequestId = 0;
  private state: 'open' | 'closed' = 'open';

  constructor(private readonly bus: Bus & Pick<ActorRegistry, 'attach'>) {
    bus.attach(addresses.gateway, { receive: (message) => this.receive(message), stop: () => this.close() });
  }

  /** Tells the store what a client reported. */
  report(location: Location): void {
    if (this.state === 'closed') throw shuttingDownError();
    this.bus.send(addresses.store, { kind: 'report', locations: [location] });
  }

  /**
   * Where a client is: what this server knows, and if it knows nothing, what the herd does.
   * @param address who asks, as from `remoteHostOf`
   */
  async findLocation(client: ClientId, address: string): Promise<Location | undefined> {
    const replyTo = addresses.gateway;
    const { location } = await this.ask(
      (requestId) =>
        this.bus.send(addresses.store, { kind: 'whereis', client, remoteHost: address, replyTo, requestId }),
      (message) => (message.kind === 'located' ? message : undefined),
    );
    return location;
  }

  /**
   * What the upstream says is near a place.
   * @param address who asks, as from `remoteHostOf`
   */
  nearby(query: NearbyQuery, address: string): Promise<ByteString> {
    const replyTo = addresses.gateway;
    return this.ask(
      (requestId) =>
        this.bus.send(addresses.upstream, { kind: 'nearby', query, remoteHost: address, replyTo, requestId }),
      (message) => (message.kind === 'nearby-response' ? message.json : undefined),
    );
  }

  /** A page of about so many locations, from a place on. */
  list(cursor: number, limit: number): Promise<LocationPage> {
    return this.ask(
      (requestId) =>
        this.bus.send(addresses.store, {
          kind: 'list',
          from: cursor,
          max: limit,
          replyTo: addresses.gateway,
          requestId,
        }),
      (message) => (message.kind === 'listed' ? message : undefined),
    );
  }

  /** Answers nothing any more. The address stays taken: an answer that comes late is no dead letter. */
  close(): void {
    this.state = 'closed';
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const { onError } of pending) onError(shuttingDownError());
  }

  private ask<Reply>(
    send: (requestId: number) => void,
    selectReply: (message: GatewayMessage) => Reply | undefined,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.state === 'closed') return reject(shuttingDownError());
      if (this.pending.size >= maxPendingRequests)
        return reject(new GatewayError('too many questions at once, ask again'));
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

  private receive(message: GatewayMessage): void {
    const pendingRequest = this.pending.get(message.requestId);
    this.pending.delete(message.requestId);
    pendingRequest?.onReply(message);
  }
}

function shuttingDownError(): GatewayError {
  return new GatewayError('the server is on its way down');
}
