/**
 * Bounded set of unauthenticated connections. When it is full, a new one evicts the oldest connection of the host with the most (if
 * several hosts have as many, of the one seen first). So a host cannot evict connections of hosts that have fewer.
 */
export class FairConnectionSet<Connection> {
  private readonly hosts = new Map<Connection, string>();
  /** The connections of each host, the oldest first. */
  private readonly byHost = new Map<string, Set<Connection>>();

  constructor(private readonly maxConnections: number) {}

  /** Adds a connection. Returns the one that was removed to make room; undefined if there was room. */
  add(connection: Connection, host: string): Connection | undefined {
    const evicted = this.hosts.size < this.maxConnections ? undefined : this.findVictim();
    if (evicted !== undefined) this.delete(evicted);
    this.hosts.set(connection, host);
    const ofHost = this.byHost.get(host) ?? new Set();
    this.byHost.set(host, ofHost.add(connection));
    return evicted;
  }

  /** Removes a connection; has no effect if it is not in the set. */
  delete(connection: Connection): void {
    const host = this.hosts.get(connection);
    if (host === undefined) return;
    this.hosts.delete(connection);
    const ofHost = this.byHost.get(host);
    if (ofHost?.delete(connection) === true && ofHost.size === 0) this.byHost.delete(host);
  }

  private findVictim(): Connection | undefined {
    let largest: Set<Connection> | undefined;
    for (const ofHost of this.byHost.values()) if (ofHost.size > (largest?.size ?? 0)) largest = ofHost;
    return largest?.values().next().value;
  }
}
