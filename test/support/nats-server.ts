import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withTimeout } from './eventually.js';
import { freePort } from './ports.js';

const running = new Set<NatsServer>();

/** Whether there is a nats-server to test with. */
export const hasNatsServer = spawnSync('nats-server', ['--version']).status === 0;

/** Why the tests that need one are pending without it. */
const missingReason = 'nats-server is not installed: `apt-get install nats-server`';

/** Describes what needs a real nats-server. Where there is none its tests are pending, and the title says why. */
export function describeWithNats(title: string, tests: (this: Mocha.Suite) => void): void {
  if (hasNatsServer) describe(title, tests);
  else describe.skip(`${title} (${missingReason})`, tests);
}

/** The places of the nats-servers of a cluster. */
interface Cluster {
  readonly port: number;
  readonly routes: readonly number[];
}

/** A real nats-server on a free port. It ends with the tests. */
export class NatsServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'herd-nats-'));
  private child: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly port: number,
    private readonly configurationLines: readonly string[],
    private readonly cluster?: Cluster,
  ) {}

  /** @param configurationLines lines of its configuration: users, TLS, limits */
  static async start(configurationLines: readonly string[] = []): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), configurationLines);
    await server.start();
    return server;
  }

  /** Starts a cluster of three. */
  static async startCluster(): Promise<NatsServer[]> {
    const routes = [await freePort(), await freePort(), await freePort()];
    const servers: NatsServer[] = [];
    for (const port of routes) servers.push(new NatsServer(await freePort(), [], { port, routes }));
    await Promise.all(servers.map((server) => server.start()));
    return servers;
  }

  /** As herd.yaml names it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again. */
  async start(): Promise<void> {
    const config = join(this.folder, 'nats.conf');
    writeFileSync(config, this.configuration().join('\n'));
    this.output = '';
    const child = spawn('nats-server', ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    running.add(this);
    const ready = new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        if (this.output.includes('Server is ready')) resolve();
      });
      child.on('exit', () => reject(new Error(`nats-server ended: ${this.output}`)));
    });
    await withTimeout(ready, () => `nats-server is ready: ${this.output}`);
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    running.delete(this);
    if (child?.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Has it stand still: its connections stay open, and nobody answers. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends it while nobody waits any more. */
  killNow(): void {
    this.child?.kill('SIGKILL');
  }

  private configuration(): string[] {
    const { cluster } = this;
    const routes = cluster?.routes.map((port) => `nats://127.0.0.1:${port}`).join(', ') ?? '';
    return [
      `listen: "${this.address}"`,
      `server_name: "nats-${this.port}"`,
      ...(cluster === undefined
        ? []
        : [`cluster { name: test, listen: "127.0.0.1:${cluster.port}", routes: [${routes}] }`]),
      ...this.configurationLines,
    ];
  }
}

process.on('exit', () => {
  for (const server of running) server.killNow();
});
