import { randomBytes } from 'node:crypto';
import type { Secrets } from '../../protocol/peer/handshake.js';
import { defaultUpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { loadConfig } from '../../runtime/config/load.js';
import { stackOrMessage } from '../../runtime/errors.js';
import { GotHttp } from '../../runtime/upstream/got-http.js';
import { HerdSecrets } from '../../runtime/host/herd-secrets.js';
import {
  HostedServer,
  noHostServices,
  type HostDependencies,
  type ServerPorts,
} from '../../runtime/host/hosted-server.js';
import { InProcessNetwork } from '../../runtime/sockets/in-process-transport.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import { SystemClock, systemRandom } from '../../runtime/time/system-clock.js';
import { Turn } from '../../runtime/time/turn.js';
import { LauncherError, type ServerLauncher, type RunningServer, type LaunchOptions } from '../real/launcher.js';
import type { Action } from '../scenario/scenario.js';
import { instrumentServerRun } from '../run/server-instrumentation.js';
import type { SimulationListener } from '../environment.js';
import { HostedServerRun } from './hosted-server-run.js';

/** The dashboard that the servers of a live run serve. */
export interface LiveDashboard {
  readonly pageFolders: HostDependencies['pageFolders'];
  /** Called at the first start of each server, with the port that the system chose. */
  readonly onStarted: (server: ServerId, httpPort: number) => void;
}

/** Dependencies of a SocketLauncher. */
export interface SocketLauncherDependencies {
  /** Creates the upstream that WHATSAT queries, at a URL. */
  readonly createUpstream: (url: string) => Upstream;
  readonly inspect: HostDependencies['inspect'];
  /** Undefined if the servers do not serve HTTP. */
  readonly dashboard?: LiveDashboard;
}

/** Runs all servers in this process, as `herd start` does, except that every link is a TCP connection. */
export class SocketLauncher implements ServerLauncher {
  readonly environment = 'sockets';
  private readonly clock = new SystemClock();
  private readonly http = new GotHttp(defaultUpstreamSettings.maxConcurrentRequests);
  private readonly secrets: Secrets = new HerdSecrets([randomBytes(32).toString('hex')]);
  /** A server keeps its HTTP port when it restarts, so an open dashboard finds it again. */
  private readonly httpPorts = new Map<ServerId, number>();

  constructor(private readonly dependencies: SocketLauncherDependencies) {}

  unsupportedReason({ kind }: Action): string | undefined {
    if (kind !== 'pause' && kind !== 'resume') return undefined;
    return 'all servers share one process, so one of them cannot be paused';
  }

  async launch(options: LaunchOptions): Promise<RunningServer> {
    const { server, emit, breakConnections } = options;
    let isAttached = true;
    const emitIfAttached: SimulationListener = (event) => {
      if (isAttached) emit(event);
    };
    let bus: MessageBus | undefined;
    let ports: ServerPorts | undefined;
    const observed: Pick<HostDependencies, 'observe' | 'onStarted' | 'warn'> = {
      observe: (_, serverBus) => instrumentServerRun(server, (bus = serverBus), emitIfAttached),
      onStarted: (_, opened) => (ports = opened),
      warn: (text) => emitIfAttached({ kind: 'failed', server, text }),
    };
    const services = { ...noHostServices, httpPortOf: (name: ServerId) => this.httpPorts.get(name) };
    const hosted = new HostedServer(
      { ...this.hostDependencies(options, observed.warn), ...observed },
      server,
      services,
    );
    try {
      await hosted.start();
    } catch (cause) {
      throw new LauncherError(`${server} cannot be started: ${(cause as Error).message}`, { cause });
    }
    if (bus === undefined || ports === undefined) throw new Error(`${server} started without reporting its ports`);
    if (ports.http !== undefined && !this.httpPorts.has(server)) {
      this.httpPorts.set(server, ports.http);
      this.dependencies.dashboard?.onStarted(server, ports.http);
    }
    return new HostedServerRun(hosted, bus, ports, () => {
      isAttached = false;
      breakConnections();
    });
  }

  killAll(): void {
    // The servers end with this process.
  }

  private hostDependencies(
    { server, herdYaml, upstreamUrl }: LaunchOptions,
    warn: HostDependencies['warn'],
  ): Omit<HostDependencies, 'observe' | 'onStarted' | 'warn'> {
    const { createUpstream, inspect, dashboard } = this.dependencies;
    const config = loadConfig(herdYaml, {});
    const turn = new Turn((error) => warn(stackOrMessage(error)));
    return {
      config: dashboard === undefined ? config : this.withHttpPorts(config),
      clock: this.clock,
      random: systemRandom,
      http: this.http,
      upstream: createUpstream(upstreamUrl),
      secrets: this.secrets,
      certificates: new HerdCertificates(config.tls),
      turn,
      network: new InProcessNetwork(turn.deliveries),
      hosted: new Set<ServerId>([server]),
      // No administration over HTTP: faults come from the scenario only.
      mode: 'production',
      pageFolders: dashboard?.pageFolders ?? [],
      inspect,
      overwritesBuffers: true,
    };
  }

  private withHttpPorts(config: HerdConfig): HerdConfig {
    const servers = [...config.servers].map(
      ([name, endpoints]) => [name, { ...endpoints, httpPort: this.httpPorts.get(name) ?? 0 }] as const,
    );
    return { ...config, servers: new Map(servers) };
  }
}
