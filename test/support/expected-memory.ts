import { expect } from 'chai';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { eventually } from './eventually.js';
import type { Herd } from './herd.js';
import { locationsLogged } from './read-log.js';

/**
 * What each server of a herd that writes logs must know: servers that can reach each other know the same, a server that dies
 * forgets all, and nobody else hears of anything.
 */
export class ExpectedMemory {
  private readonly known = new Map<string, Map<ByteString, ByteString>>();
  private readonly clients: ByteString[] = [];
  private readonly away = new Set<string>();

  constructor(private readonly herd: Herd) {
    for (const server of herd.servers) this.known.set(server, new Map());
  }

  /** Kills servers. */
  async lose(...servers: string[]): Promise<void> {
    await this.herd.kill(...servers);
    for (const server of servers) {
      this.away.add(server);
      this.known.set(server, new Map());
    }
  }

  /** Has servers again that were killed. */
  async regain(...servers: string[]): Promise<void> {
    await this.herd.restart(...servers);
    for (const server of servers) this.away.delete(server);
    this.share();
  }

  /** Reports a client of its own at each of the servers. */
  async report(servers: readonly string[], occasion: string): Promise<void> {
    const reports = servers.map(async (server) => {
      const client = `${occasion}-at-${server}`;
      return { server, client, at: await this.herd.report(server, client) };
    });
    for (const { server, client, at } of await Promise.all(reports)) {
      this.clients.push(client);
      this.known.get(server)?.set(client, at);
    }
    this.share();
  }

  /** Waits until each server that is there has been told what it must know, and checks that it knows nothing else. */
  async holds(): Promise<void> {
    for (const [server, known] of this.known) {
      if (this.away.has(server)) continue;
      // On NATS there are no lines of neighbours to log, and nobody whom a question would make tell.
      if (this.herd.file.spread === 'nats') {
        await eventually(`${server} knows of ${known.size} clients`, () => this.isKnown(server).then(() => true));
        continue;
      }
      await eventually(`${server} was told of ${known.size} clients`, async () => {
        const logged = await locationsLogged(this.herd, server);
        const missing = [...known.values()].filter((at) => !logged.has(at));
        return missing.length === 0 || Promise.reject(new Error(`it was not told ${missing.join('; ')}`));
      });
      await this.isKnown(server);
    }
  }

  /** Checks that each server that is there knows what it must when it is asked, and nothing else. */
  async isKnownWhenAsked(): Promise<void> {
    for (const server of this.known.keys()) if (!this.away.has(server)) await this.isKnown(server);
  }

  private async isKnown(server: string): Promise<void> {
    const right = this.clients.map((client) => this.known.get(server)?.get(client));
    expect(await this.herd.memoryOf(server, this.clients)).to.deep.equal(right);
  }

  private share(): void {
    for (const [server, known] of this.known) {
      for (const other of this.herd.reachOf(server, [...this.away])) {
        for (const [client, at] of this.known.get(other) ?? []) known.set(client, at);
      }
    }
  }
}
