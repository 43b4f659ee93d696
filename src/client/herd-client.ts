import { performance } from 'node:perf_hooks';
import { textOf, type ByteString } from '../protocol/text/bytes.js';
import type { Change } from './changes.js';
import { formatIamat, formatWhatsat, type TimeLike } from './commands.js';
import { connectSocket } from './connect.js';
import { HerdClientError } from './errors.js';
import type { Coordinates, HerdLocation } from './herd-location.js';
import { LineConnection, type CommandResponse } from './line-connection.js';
import { parseHerdLocation } from './read-location.js';
import { Reconnector } from './reconnect.js';
import type { ServerAddress } from './server-address.js';
import { watchChanges } from './watch-changes.js';

/** Longer than the 5 s after which a server answers whatever its upstream does. */
const defaultTimeoutMs = 10_000;

/** Commands that may wait for their answers: a server reads no more from who has more than some dozens waiting. */
const maxPendingCommands = 10_000;

/** Which server to talk to, and how patiently. */
export interface ConnectOptions extends ServerAddress {
  /** How long a command may take, a new connection for it included, in milliseconds; 10,000 unless it is given. */
  readonly timeoutMs?: number | undefined;
}

/** What is near a client. */
export interface Nearby {
  /** Where the client is. */
  readonly location: HerdLocation;
  /** What the upstream says, read from `json`. Numbers in it beyond 2^53 are not exact. */
  readonly answer: unknown;
  /** The same as text, to the byte as the server sent it. */
  readonly json: string;
}

/**
 * Connects to a server of a herd.
 * @throws HerdClientError with `HERD_UNREACHABLE` if there is no connection at the first attempt
 */
export function connect(options: ConnectOptions): Promise<HerdClient> {
  return HerdClient.open(options);
}

/**
 * A client of one server. Commands may be given at once, without waiting for answers; each promise is for its own. Where the
 * connection is lost, the promises that wait are rejected, and the next command makes a new one: again and again, with pauses
 * that grow, until its time is up. Each command has its own time, and where that is up, the others go on, unless the server
 * has been silent for as long.
 */
export class HerdClient {
  private readonly reconnector = new Reconnector((withinMs) => this.openConnection(withinMs));
  private state: 'open' | 'closed' = 'open';
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
   * Reports where a client is.
   * @param client its ID: any text without white space
   * @param position degrees, taken to a ten-millionth; or ISO 6709 as in `+34.068930-118.445127`, taken to the digit
   * @param time when it was there; now, if it is left out
   * @returns the location that the server made of it
   * @throws HerdClientError
   */
  async report(client: string, position: Coordinates | string, time: TimeLike = new Date()): Promise<HerdLocation> {
    const [head] = await this.sendCommand(formatIamat(client, position, time), 1);
    if (head.startsWith('? '))
      throw rejectedError(head, 'its time may be too far ahead of the clock, or the line too long');
    return parseHerdLocation(head);
  }

  /**
   * Asks what is near a client.
   * @param radiusKm kilometres; more than the upstream takes is cut or refused, as the herd is set
   * @param count results at most, up to what the upstream gives: 100 posts or 20 places
   * @returns undefined if nobody in the herd knows the client
   * @throws HerdClientError
   */
  async nearby(client: string, radiusKm: number, count: number): Promise<Nearby | undefined> {
    const [head, json] = await this.sendCommand(formatWhatsat(client, radiusKm, count), 2);
    if (!head.startsWith('? ')) {
      const text = textOf(json ?? '');
      return { location: parseHerdLocation(head), answer: parseJson(text), json: text };
    }
    // A refusal looks like an unknown client; who is known is told from who is not by asking what is always right.
    if ((await this.where(client)) === undefined) return undefined;
    throw rejectedError(head, 'its count or radius may be more than the upstream takes');
  }

  /**
   * Asks where a client is.
   * @returns undefined if nobody in the herd knows it
   * @throws HerdClientError
   */
  async where(client: string): Promise<HerdLocation | undefined> {
    const [head] = await this.sendCommand(formatWhatsat(client, 0, 0), 2);
    return head.startsWith('? ') ? undefined : parseHerdLocation(head);
  }

  /**
   * Follows what the server learns, over a connection of its own, until the loop is left, `signal` aborts or the client is closed. A
   * lost connection is made anew. `begin` comes first; a `reset` says that changes may have been missed. Behind either comes the
   * newest location of the client that is followed, if the server knows one. To who takes them slowly only the newest of each
   * client is told.
   *
   * ```ts
   * for await (const change of client.changes('kiwi')) {
   *   if (change.kind === 'location') console.log(change.location.position);
   * }
   * ```
   *
   * @param client its ID; all clients, if it is left out, and then only what changes from now on
   * @throws HerdClientError if the server does not take it: 1,000 follow the same already
   */
  changes(
    client?: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Change, void> {
    const signals = [this.closing.signal, ...(signal === undefined ? [] : [signal])];
    return watchChanges(this.address, client, { timeoutMs: this.timeoutMs, signal: AbortSignal.any(signals) });
  }

  /** Ends the connection. Promises that wait are rejected with `HERD_CLOSED`, and whoever follows changes is done. */
  close(): void {
    this.state = 'closed';
    this.closing.abort();
    this.connection.close('HERD_CLOSED', 'the client was closed');
  }

  private async sendCommand(command: ByteString, lineCount: 1 | 2): Promise<CommandResponse> {
    const deadlineMs = performance.now() + this.timeoutMs;
    const connection = this.connection.isOpen ? this.connection : await this.reconnector.connect(deadlineMs);
    if (connection.pendingCount >= maxPendingCommands) {
      throw new HerdClientError('HERD_BUSY', `${maxPendingCommands} commands wait for their answers already`);
    }
    return connection.send(command, lineCount, deadlineMs);
  }

  private async openConnection(timeoutMs: number): Promise<LineConnection> {
    if (this.state === 'closed') throw new HerdClientError('HERD_CLOSED', 'the client was closed');
    this.connection = new LineConnection(await connectSocket(this.address, timeoutMs), this.timeoutMs);
    // It may have been closed meanwhile.
    if ((this.state as 'open' | 'closed') === 'closed') this.close();
    return this.connection;
  }
}

function rejectedError(head: ByteString, hint: string): HerdClientError {
  return new HerdClientError('HERD_REJECTED', `the server does not take ${textOf(head.slice(2))}; ${hint}`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new HerdClientError('HERD_PROTOCOL_ERROR', 'the server sent what is no JSON', { cause });
  }
}
