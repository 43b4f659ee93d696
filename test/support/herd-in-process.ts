import { expect } from 'chai';
import { addresses } from '../../src/actors/addresses.js';
import type { Clock } from '../../src/actors/ports/clock.js';
import type { ServerId } from '../../src/protocol/place/ids.js';
import { parseConfig } from '../../src/runtime/config/load.js';
import { HerdStatus } from '../../src/runtime/host/herd-status.js';
import { HerdCertificates } from '../../src/runtime/sockets/certificates.js';
import { Host } from '../../src/runtime/host/host.js';
import type { PubSub } from '../../src/actors/ports/pub-sub.js';
import type { HerdMode } from '../../src/runtime/config/herd-config.js';
import type { ServerPorts } from '../../src/runtime/host/hosted-server.js';
import { InProcessNetwork } from '../../src/runtime/sockets/in-process-transport.js';
import type { MessageBus } from '../../src/runtime/bus/message-bus.js';
import { SystemClock, systemRandom } from '../../src/runtime/time/system-clock.js';
import { Turn } from '../../src/runtime/time/turn.js';
import { Client } from './client.js';
import { eventually, withTimeout } from './eventually.js';
import { toServerId } from './fake-location.js';
import { fakeUpstream } from './fake-upstream.js';

/** What a herd may have that others have not. */
export interface HerdOptions {
  /** The links between servers: `Blake-Bryant`; a server without any: `Blake`. */
  readonly links: readonly string[];
  readonly clock?: Clock;
  /** The chance that makes pauses shorter than they might be: from 0 up to 1. Left out: 0, and any on NATS, where runs of a server must differ. */
  readonly random?: number;
  /** The port of each server for clients; 0, any that is free, unless it says otherwise. */
  readonly port?: number;
  readonly logDir?: string;
  /** The servers serve HTTP. */
  readonly hasHttp?: true;
  /** Where the page is. */
  readonly pageFolders?: readonly string[];
  /** Connections of the servers to NATS; left out: they flood along `links`, and have no links otherwise. */
  readonly pubSubOf?: (server: ServerId) => PubSub;
  /** Servers that use NATS while all flood; left out: none floods with NATS. */
  readonly bridgedBy?: readonly string[];
  /** What else stands in herd.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What `${NAME}` in herd.yaml stands for. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly mode?: HerdMode;
}

/** The JSON that is near everything. */
const emptyNearbyResponse = '{"results":[]}';

/** A herd in this process: the servers and their hosts are the real ones, and so are its clients. */
export class HerdInProcess {
  readonly warnings: string[] = [];
  /** How often each server has opened its doors. */
  readonly startCounts = new Map<string, number>();
  readonly servers: readonly string[];
  private readonly host: Host;
  private readonly status: HerdStatus;
  private readonly ports = new Map<ServerId, ServerPorts>();
  private readonly buses = new Map<ServerId, MessageBus>();
  private readonly clients: Client[] = [];

  constructor({
    links,
    clock = new SystemClock(),
    random,
    port = 0,
    logDir,
    hasHttp,
    pageFolders = [],
    pubSubOf,
    bridgedBy,
    settings = {},
    environment = {},
    mode = 'development',
  }: HerdOptions) {
    this.servers = [...new Set(links.flatMap((edge) => edge.split('-')))];
    const neighbours = (name: string) =>
      links.filter((edge) => edge.startsWith(`${name}-`)).map((edge) => edge.slice(name.length + 1));
    const nats = { servers: ['nowhere.invalid:4222'] };
    // JSON is YAML.
    const herdYaml = JSON.stringify({
      herd: 'test',
      servers: Object.fromEntries(
        this.servers.map((name) => [name, { port, peerPort: 0, ...(hasHttp && { httpPort: 0 }) }]),
      ),
      ...(bridgedBy === undefined ? {} : { bridge: { via: bridgedBy, name: 'nowhere', ...nats } }),
      ...(pubSubOf === undefined || bridgedBy !== undefined
        ? { topology: Object.fromEntries(this.servers.map((name) => [name, neighbours(name)])) }
        : { replication: { kind: 'nats', ...nats } }),
      ...(logDir === undefined ? {} : { log: { dir: logDir } }),
      ...settings,
    });
    const config = parseConfig('herd.yaml', herdYaml, environment);
    const turn = new Turn();
    this.status = new HerdStatus([...config.servers.keys()], config.topology);
    this.host = new Host({
      config,
      clock,
      random: random === undefined && pubSubOf !== undefined ? systemRandom : { next: () => random ?? 0 },
      http: { fetch: () => Promise.resolve({ status: 200, body: Buffer.from(emptyNearbyResponse) }) },
      upstream: fakeUpstream,
      secrets: undefined,
      certificates: new HerdCertificates({}),
      turn,
      network: new InProcessNetwork(turn.deliveries),
      hosted: new Set(config.servers.keys()),
      mode,
      pageFolders: [...pageFolders],
      pubSubOf,
      inspect: () => Promise.resolve(undefined),
      overwritesBuffers: true,
      warn: (text) => this.warnings.push(text),
      observe: (server, bus) => {
        this.buses.set(server, bus);
        bus.on('link', ({ neighbour, state, reason }) =>
          this.status.record({ kind: 'link', server, neighbour, state, reason }),
        );
        bus.on('nats', ({ state, reason }) => this.status.record({ kind: 'nats', server, state, reason }));
        bus.on('server', ({ state, reason }) => {
          if (state === 'failed') this.status.record({ kind: 'down', server, reason });
        });
      },
      onStarted: (server, ports) => {
        this.ports.set(server, ports);
        this.startCounts.set(server, (this.startCounts.get(server) ?? 0) + 1);
        this.status.record({ kind: 'started', server, ports });
      },
    });
  }

  /** Starts all servers; resolves when all links and connections to NATS are live. */
  async start(): Promise<void> {
    for (const server of this.servers) await this.startServer(server);
    await withTimeout(this.status.whenReady(), 'all links are live');
  }

  /** Starts one server again. */
  startServer(server: string): Promise<void> {
    return this.host.start(toServerId(server));
  }

  /** Stops one server. */
  stopServer(server: string): Promise<void> {
    return withTimeout(this.host.stop(toServerId(server)), `${server} stops`);
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    await withTimeout(this.host.stopAll(), 'all servers stop');
  }

  /** Makes a server fail over something that it cannot mend in place. */
  fail(server: string): void {
    const error = new Error('thrown on demand');
    this.bus(server).send(addresses.server, { kind: 'machine-failed', error });
  }

  /** The bus of the present run of a server. */
  bus(server: string): MessageBus {
    const bus = this.buses.get(toServerId(server));
    if (bus === undefined) throw new Error(`${server} was never started`);
    return bus;
  }

  /** The port at which a server was last reached. */
  port(server: string): number {
    return this.ports.get(toServerId(server))?.client ?? 0;
  }

  /** Sends JSON over HTTP; a text is sent as it is. */
  postJson(
    server: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return fetch(this.url(server, path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Returns a URL of a server's HTTP server. */
  url(server: string, path: string): string {
    return `http://127.0.0.1:${this.ports.get(toServerId(server))?.http ?? 0}${path}`;
  }

  /** A client of a server. */
  async client(server: string): Promise<Client> {
    const client = await Client.connect(this.port(server));
    this.clients.push(client);
    return client;
  }

  /** Tells a server where a client is; returns the AT line that it answers with. */
  async report(server: string, client: string, time: number): Promise<string> {
    const connection = await this.client(server);
    const at = await connection.request(`IAMAT ${client} +34.068930-118.445127 ${time}`);
    connection.close();
    return at;
  }

  /** Waits until every server that runs answers with this AT line about its client. */
  async waitForAgreement(at: string, servers: readonly string[] = this.servers): Promise<void> {
    const client = at.split(' ')[3] ?? '';
    for (const server of servers) {
      const connection = await this.client(server);
      await eventually(`${server} says ${at}`, async () => {
        const answer = await connection.request(`WHATSAT ${client} 10 0`);
        if (!answer.startsWith('AT ')) throw new Error(answer);
        expect(await connection.line()).to.equal(emptyNearbyResponse);
        if (answer !== at) throw new Error(answer);
        return true;
      });
      connection.close();
    }
  }
}
