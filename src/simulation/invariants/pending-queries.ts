import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { SimulationEvent } from '../environment.js';

/** A command without a response. */
interface Pending<Context> {
  /** Counts the connections of the client. */
  readonly connection: number;
  context: Context | undefined;
}

/** Commands without a response, each with what an invariant knew when it was sent. */
export class PendingQueries<Context> {
  private readonly pending = new Map<string, Pending<Context>[]>();
  /** The server that each client used last, and the number of its connection. */
  private readonly connections = new Map<string, { readonly server: ServerId; readonly number: number }>();
  /**
   * Commands whose responses cannot be assigned: the client left the server and returned while responses over its earlier
   * connection were pending.
   */
  private readonly ambiguous = new Set<string>();

  /** Records a command; if it is not tracked, only which server the client uses. */
  add(
    { client, server, line }: Extract<SimulationEvent, { kind: 'command-sent' }>,
    isTracked: boolean,
    context?: Context,
  ): void {
    const last = this.connections.get(client);
    const connection = last?.server === server ? last.number : (last?.number ?? 0) + 1;
    this.connections.set(client, { server, number: connection });
    if (!isTracked) return;
    const key = `${client} ${server} ${line}`;
    const pending = this.pending.get(key) ?? [];
    if (pending.some((other) => other.connection !== connection)) this.ambiguous.add(key);
    this.pending.set(key, [...pending, { connection, context }]);
  }

  /** Removes the command of a response and returns its context; undefined if it has none or cannot be assigned. */
  take(client: string, server: ServerId, command: ByteString): Context | undefined {
    const key = `${client} ${server} ${command}`;
    const [first, ...others] = this.pending.get(key) ?? [];
    const isAmbiguous = this.ambiguous.has(key);
    if (others.length > 0) this.pending.set(key, others);
    else {
      this.pending.delete(key);
      this.ambiguous.delete(key);
    }
    return isAmbiguous ? undefined : first?.context;
  }

  /** Removes all contexts. */
  clearContexts(): void {
    for (const commands of this.pending.values()) for (const command of commands) command.context = undefined;
  }
}
