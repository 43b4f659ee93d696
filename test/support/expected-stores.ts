import { expect } from 'chai';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { eventually } from './eventually.js';
import type { Herd } from './herd.js';
import { locationsLogged } from './server-log.js';

/**
 * What each server of a herd that writes logs must know: servers that can reach each other know the same, a server that dies
 * forgets all, and nobody else hears of anything.
 */
export class ExpectedStores {
  private readonly expectedLines = new Map<string, Map<ByteString, ByteString>>();
  private readonly clients: ByteString[] = [];
  private readonly downServers = new Set<string>();

  constructor(private readonly herd: Herd) {
    for (const server of herd.servers) this.expectedLines.set(server, new Map());
  }

  /** Kills servers. */
  async kill(...servers: string[]): Promise<void> {
    await this.herd.kill(...servers);
    for (const server of servers) {
      this.downServers.add(server);
      this.expectedLines.set(server, new Map());
    }
  }

  /** Has servers again that were killed. */
  async restart(...servers: string[]): Promise<void> {
    await this.herd.restart(...servers);
    for (const server of servers) this.downServers.delete(server);
    this.propagate();
  }

  /** Reports a client of its own at each of the servers. */
  async report(servers: readonly string[], occasion: string): Promise<void> {
    const reports = servers.map(async (server) => {
      const client = `${occasion}-at-${server}`;
      return { server, client, at: await this.herd.report(server, client) };
    });
    for (const { server, client, at } of await Promise.all(reports)) {
      this.clients.push(client);
      this.expectedLines.get(server)?.set(client, at);
    }
    this.propagate();
  }

  /** Waits until each server that is there has been told what it must know, and checks that it knows nothing else. */
  async expectReplicated(): Promise<void> {
    for (const [server, known] of this.expectedLines) {
      if (this.downServers.has(server)) continue;
      // On NATS there are no lines of neighbours to log, and nobody whom a question would make tell.
      if (this.herd.file.replication === 'nats') {
        await eventually(`${server} knows of ${known.size} clients`, () =>
          this.expectServerKnows(server).then(() => true),
        );
        continue;
      }
      await eventually(`${server} was told of ${known.size} clients`, async () => {
        const logged = await locationsLogged(this.herd, server);
        const missing = [...known.values()].filter((at) => !logged.has(at));
        return missing.length === 0 || Promise.reject(new Error(`it was not told ${missing.join('; ')}`));
      });
      await this.expectServerKnows(server);
    }
  }

  /** Checks that each server that is there knows what it must when it is asked, and nothing else. */
  async expectQueriesAnswered(): Promise<void> {
    for (const server of this.expectedLines.keys())
      if (!this.downServers.has(server)) await this.expectServerKnows(server);
  }

  private async expectServerKnows(server: string): Promise<void> {
    const expected = this.clients.map((client) => this.expectedLines.get(server)?.get(client));
    expect(await this.herd.queryLocations(server, this.clients)).to.deep.equal(expected);
  }

  private propagate(): void {
    for (const [server, known] of this.expectedLines) {
      for (const other of this.herd.reachableServers(server, [...this.downServers])) {
        for (const [client, at] of this.expectedLines.get(other) ?? []) known.set(client, at);
      }
    }
  }
}
