import { performance } from 'node:perf_hooks';
import type { CommandResponse } from '../protocol/client/responses.js';
import { textOf, type ByteString } from '../protocol/text/bytes.js';
import type { Change } from './changes.js';
import { formatIamat, formatWhatsat, type TimeLike } from './commands.js';
import { connectSocket } from './connect.js';
import type { ServerAddress } from './server-address.js';
import { HerdClientError } from './errors.js';
import { LineConnection } from './line-connection.js';
import { parseHerdLocation, type Coordinates, type HerdLocation } from './location.js';
import { Reconnector } from './reconnect.js';
import { watchChanges } from './watch-changes.js';

/** Longer than the 5 s in which a server responds even if its upstream does not. */
export const defaultTimeoutMs = 10_000;

/** Limit of pending commands. It is generous: a server stops reading from a client with some dozens of pending responses. */
const maxPendingCommands = 10_000;

/** Options of `connect`. */
export interface ConnectOptions extends ServerAddress {
  /** Timeout of each command in milliseconds, reconnecting included; default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** Result of `HerdClient.nearby`. */
export interface Nearby {
  /** Location of the client. */
  readonly location: HerdLocation;
  /** The upstream's answer, parsed from `json`. Numbers beyond 2^53 in it are not exact. */
  readonly answer: unknown;
  /** The upstream's answer as JSON text, unchanged. */
  readonly json: string;
}

/**
 * Connects to a server of a herd over TCP or TLS.
 * @throws HerdClientError with `HERD_UNREACHABLE` if the first attempt fails
 */
export function connect(options: ConnectOptions): Promise<HerdClient> {
  return HerdClient.open(options);
}

/**
 * Client of one server, created by `connect`.
 *
 * Commands may be pipelined: each method returns a promise for its own response. If the connection is lost, pending promises are
 * rejected, and the next command reconnects with backoff until its timeout. Nothing is resent automatically. A command that times out
 * does not affect the others, unless nothing was received from the server for that long.
 */
export class HerdClient {
  private readonly reconnector = new Reconnector((withinMs) => this.openConnection(withinMs));
  private readonly closing = new AbortController();

  private constructor(
    private readonly address: ServerAddress,
    private readonly timeoutMs: number,
    private connection: LineConnection,
  ) {}

  /** @internal See `connect`. */
  static async open({ timeoutMs = defaultTimeoutMs, ...address }: ConnectOptions): Promise<HerdClient> {
    const socket = await connectSocket(address, timeoutMs);
    return new HerdClient(address, timeoutMs, new LineConnection(socket, timeoutMs));
  }

  /**
   * Reports the location of a client.
   * @param client ID of the client: any text without white space
   * @param position coordinates, rounded to 7 decimal places; or ISO 6709 such as `+34.068930-118.445127`, kept to the digit
   * @param time time of the location; default now
   * @returns the resulting location
   * @throws HerdClientError
   */
  async report(client: string, position: Coordinates | string, time: TimeLike = new Date()): Promise<HerdLocation> {
    const [head] = await this.sendCommand(formatIamat(client, position, time));
    if (head.startsWith('? ')) throw rejectedError(head, 'time too far in the future, or line too long');
    return parseHerdLocation(head);
  }

  /**
   * Queries the upstream for what is near a client.
   * @param radiusKm radius in kilometres; one beyond the upstream's maximum is clamped or rejected, depending on the herd's settings
   * @param count maximum number of results, at most 100 posts or 20 places
   * @returns undefined if no server knows the client
   * @throws HerdClientError
   */
  async nearby(client: string, radiusKm: number, count: number): Promise<Nearby | undefined> {
    const [head, json] = await this.sendCommand(formatWhatsat(client, radiusKm, count));
    if (!head.startsWith('? ')) {
      const text = textOf(json ?? '');
      return { location: parseHerdLocation(head), answer: parseJson(text), json: text };
    }
    // The response is the same for an unknown client and for invalid parameters; `where` always has valid ones.
    if ((await this.where(client)) === undefined) return undefined;
    throw rejectedError(head, 'count or radius may exceed the maximum of the upstream');
  }

  /**
   * Queries the location of a client.
   * @returns undefined if no server knows the client
   * @throws HerdClientError
   */
  async where(client: string): Promise<HerdLocation | undefined> {
    const [head] = await this.sendCommand(formatWhatsat(client, 0, 0));
    return head.startsWith('? ') ? undefined : parseHerdLocation(head);
  }

  /**
   * Follows location changes over a second connection, until the loop is left, `signal` is aborted or the client is closed.
   * Reconnects with backoff. `begin` comes first; `reset` means that changes may have been missed. After either comes the newest
   * location of the followed client, if the server knows one. A slow consumer gets only the newest location of each client.
   *
   * ```ts
   * for await (const change of client.changes('kiwi')) {
   *   if (change.kind === 'location') console.log(change.location.position);
   * }
   * ```
   *
   * @param client ID of the client to follow; default all clients, without their current locations
   * @throws HerdClientError with `HERD_REJECTED` if the client already has the maximum number of watchers
   */
  changes(
    client?: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Change, void> {
    const signals = [this.closing.signal, ...(signal === undefined ? [] : [signal])];
    return watchChanges(this.address, client, { timeoutMs: this.timeoutMs, signal: AbortSignal.any(signals) });
  }

  /** Closes the connection, rejects pending promises with `HERD_CLOSED`, and ends all `changes` loops. */
  close(): void {
    const error = new HerdClientError('HERD_CLOSED', 'the client was closed');
    this.closing.abort(error);
    this.connection.close(error);
  }

  private async sendCommand(command: ByteString): Promise<CommandResponse> {
    const deadlineMs = performance.now() + this.timeoutMs;
    const connection = this.connection.isOpen ? this.connection : await this.reconnector.connect(deadlineMs);
    if (connection.pendingCount >= maxPendingCommands) {
      throw new HerdClientError('HERD_BUSY', `too many pending commands (limit ${maxPendingCommands})`);
    }
    return connection.send(command, deadlineMs);
  }

  private async openConnection(timeoutMs: number): Promise<LineConnection> {
    this.closing.signal.throwIfAborted();
    this.connection = new LineConnection(await connectSocket(this.address, timeoutMs), this.timeoutMs);
    // `close` may have been called in the meantime.
    if (this.closing.signal.aborted) this.close();
    return this.connection;
  }
}

function rejectedError(head: ByteString, hint: string): HerdClientError {
  return new HerdClientError('HERD_REJECTED', `the server rejected ${textOf(head.slice(2))} (${hint})`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new HerdClientError('HERD_PROTOCOL_ERROR', 'unexpected response: invalid JSON', { cause });
  }
}
