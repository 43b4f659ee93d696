import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { HerdCommand } from '../../support/command.js';
import { Client } from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { freePort } from '../../support/ports.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

/** Times in which servers notice what happens, in milliseconds. */
const heartbeatMs = 200;

/** A herd of the real command on NATS, each server a process of its own, with a herd.yaml that lists none of them. */
class GrowingHerd {
  private readonly members = new Map<string, { readonly command: HerdCommand; readonly port: number }>();
  private readonly ats = new Map<string, string>();

  constructor(
    private readonly folder: TemporaryFolder,
    nats: readonly NatsServer[],
    replicas: number,
  ) {
    const document = {
      herd: 'test',
      servers: { '*': { port: '${PORT}' } },
      replication: { kind: 'nats', servers: nats.map(({ address }) => address), replicas },
      upstream: { kind: 'twitter', url: 'http://127.0.0.1:1' },
      peers: { heartbeatMs },
      log: { dir: 'logs' },
    };
    // Without quotes, a variable stands for a number.
    writeFileSync(folder.pathTo('herd.yaml'), stringify(document).replace(/"(\$\{PORT\})"|'(\$\{PORT\})'/, '${PORT}'));
  }

  get servers(): readonly string[] {
    return [...this.members.keys()];
  }

  /** Starts servers; resolves when they have all their partitions. */
  async join(...servers: readonly string[]): Promise<void> {
    await Promise.all(
      servers.map(async (server) => {
        const port = await freePort();
        const env = { PORT: String(port) };
        const command = new HerdCommand(['start', server], { cwd: this.folder.path, env });
        this.members.set(server, { command, port });
        await command.waitForOutput('Ready in');
      }),
    );
  }

  /** Stops a server as an operator does. */
  async leave(server: string): Promise<void> {
    await this.end(server, 'SIGTERM');
  }

  async kill(server: string): Promise<void> {
    await this.end(server, 'SIGKILL');
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => this.leave(server)));
  }

  /** Reports clients of a server, all at once. */
  async report(server: string, occasion: string, count: number): Promise<void> {
    const clients = Array.from({ length: count }, (_, index) => `${occasion}-${server}-${index}`);
    const answers = await this.send(
      server,
      clients.map((client) => `IAMAT ${client} +34.068930-118.445127 ${Date.now() / 1_000}`),
    );
    for (const [index, client] of clients.entries()) this.ats.set(client, answers[index] ?? '');
  }

  /** Clients that a server does not know, or of which it answers something else than what was reported last. */
  async wrongAt(server: string): Promise<string[]> {
    const clients = [...this.ats.keys()];
    const answers = await this.send(
      server,
      clients.map((client) => `WHATSAT ${client} 0 0`),
    );
    const lines = answers.filter((line) => line.startsWith('AT ') || line.startsWith('? '));
    return clients.filter((client, index) => lines[index] !== this.ats.get(client));
  }

  /** Waits until every server answers for every client. */
  async agrees(): Promise<void> {
    for (const server of this.servers) {
      await eventually(`${server} knows all`, async () => {
        const wrong = await this.wrongAt(server);
        return wrong.length === 0 || Promise.reject(new Error(`${wrong.length} wrong, such as ${wrong[0] ?? ''}`));
      });
    }
  }

  private async send(server: string, lines: readonly string[]): Promise<string[]> {
    const client = await Client.connect(this.members.get(server)?.port ?? 0);
    try {
      return (await client.sendAll(lines.map((line) => `${line}\n`).join(''))).split('\n').slice(0, -1);
    } finally {
      client.close();
    }
  }

  private async end(server: string, signal: NodeJS.Signals): Promise<void> {
    const member = this.members.get(server);
    this.members.delete(server);
    member?.command.signal(signal);
    const end = await member?.command.waitForExit();
    if (signal === 'SIGTERM') expect(end, member?.command.stderr).to.deep.equal({ status: 0, signal: null });
  }
}

describeWithNats('a herd on NATS with two replicas', function () {
  this.timeout(180_000);
  let folder: TemporaryFolder;
  let nats: NatsServer[];
  let herd: GrowingHerd;

  beforeEach(() => {
    folder = new TemporaryFolder();
  });

  afterEach(async () => {
    await herd.stop();
    await Promise.all(nats.map((server) => server.stop()));
    folder.remove();
  });

  async function begin(...servers: readonly string[]): Promise<void> {
    herd = new GrowingHerd(folder, nats, 2);
    await herd.join(...servers);
  }

  it('answers at every server for every client, while servers are killed, join and leave', async () => {
    nats = [await NatsServer.start()];
    await begin('herd-1', 'herd-2', 'herd-3', 'herd-4');
    for (const server of herd.servers) await herd.report(server, 'before', 200);
    await herd.agrees();

    await herd.kill('herd-2');
    await herd.report('herd-1', 'after-the-kill', 200);
    await herd.agrees();

    await herd.join('herd-5');
    await herd.report('herd-5', 'after-the-join', 200);
    await herd.agrees();

    await herd.leave('herd-1');
    await herd.agrees();
    await herd.leave('herd-3');
    await herd.agrees();
  });

  it('loses nothing of a server that reports and leaves at once', async () => {
    nats = [await NatsServer.start()];
    await begin('herd-1', 'herd-2', 'herd-3');
    await herd.report('herd-1', 'last', 500);
    await herd.leave('herd-1');
    await herd.agrees();
  });

  it('answers while NATS is down, and agrees when it is back', async () => {
    nats = [await NatsServer.start()];
    await begin('herd-1', 'herd-2', 'herd-3');
    await herd.report('herd-1', 'before', 100);
    await herd.agrees();
    await nats[0]?.kill();
    for (const server of herd.servers) await herd.report(server, 'during', 100);
    await nats[0]?.start();
    await herd.agrees();
  });

  it('on a cluster of three nats-servers agrees after one was killed', async () => {
    nats = await NatsServer.startCluster();
    await begin('herd-1', 'herd-2', 'herd-3', 'herd-4');
    await herd.report('herd-1', 'before', 200);
    await nats[0]?.kill();
    for (const server of herd.servers) await herd.report(server, 'after', 100);
    await herd.agrees();
  });
});
