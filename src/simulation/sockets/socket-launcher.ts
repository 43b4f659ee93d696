import { randomBytes } from 'node:crypto';
import type { Secrets } from '../../protocol/peer/handshake.js';
import { defaultUpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import { loadConfig } from '../../runtime/config/load.js';
import { stackOrMessage } from '../../runtime/errors.js';
import { GotHttp } from '../../runtime/upstream/got-http.js';
import { HerdSecrets } from '../../runtime/host/herd-secrets.js';
import { HostedServer, type HostDependencies, type ServerPorts } from '../../runtime/host/hosted-server.js';
import { InProcessNetwork } from '../../runtime/sockets/in-process-transport.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import { SystemClock, systemRandom } from '../../runtime/time/system-clock.js';
import { Turn } from '../../runtime/time/turn.js';
import { LauncherError, type ServerLauncher, type RunningServer, type LaunchOptions } from '../real/launcher.js';
import type { Action } from '../scenario/scenario.js';
import { instrumentServerRun } from '../run/server-instrumentation.js';
import type { SimulationListener } from '../environment.js';
import { HostedServerRun } from './hosted-server-run.js';

/** What is needed to run servers in this process. */
export interface SocketLauncherDependencies {
  /** What WHATSAT asks, at an address. */
  readonly createUpstream: (url: string) => Upstream;
  /** How the locations in a folder are damaged; undefined if they are not. */
  readonly inspect: HostDependencies['inspect'];
}

/** All servers in this process, as `herd start` runs them, but that their links go over TCP as if each were alone. */
export class SocketLauncher implements ServerLauncher {
  readonly environment = 'sockets';
  private readonly clock = new SystemClock();
  private readonly http = new GotHttp(defaultUpstreamSettings.maxConcurrentRequests);
  private readonly secrets: Secrets = new HerdSecrets([randomBytes(32).toString('hex')]);

  constructor(private readonly dependencies: SocketLauncherDependencies) {}

  unsupportedReason({ kind }: Action): string | undefined {
    if (kind !== 'pause' && kind !== 'resume') return undefined;
    return 'its servers share one process, which cannot be stopped for one of them';
  }

  async launch(options: LaunchOptions): Promise<RunningServer> {
    const { server, emit, breakConnections } = options;
    let hearing: 'heard' | 'silenced' = 'heard';
    const emitIfAttached: SimulationListener = (event) => {
      if (hearing === 'heard') emit(event);
    };
    let bus: MessageBus | undefined;
    let ports: ServerPorts | undefined;
    const observed: Pick<HostDependencies, 'observe' | 'onStarted' | 'warn'> = {
      observe: (_, serverBus) => instrumentServerRun(server, (bus = serverBus), emitIfAttached),
      onStarted: (_, opened) => (ports = opened),
      warn: (text) => emitIfAttached({ kind: 'failed', server, text }),
    };
    const hosted = new HostedServer({ ...this.hostDependencies(options, observed.warn), ...observed }, server);
    try {
      await hosted.start();
    } catch (cause) {
      throw new LauncherError(`${server} cannot be started: ${(cause as Error).message}`, { cause });
    }
    if (bus === undefined || ports === undefined) throw new Error(`${server} has started, and told nobody`);
    return new HostedServerRun(hosted, bus, ports, () => {
      hearing = 'silenced';
      breakConnections();
    });
  }

  killAll(): void {
    // They end with this process.
  }

  private hostDependencies(
    { server, herdYaml, upstreamUrl }: LaunchOptions,
    warn: HostDependencies['warn'],
  ): Omit<HostDependencies, 'observe' | 'onStarted' | 'warn'> {
    const config = loadConfig(herdYaml, {});
    const turn = new Turn((error) => warn(stackOrMessage(error)));
    return {
      config,
      clock: this.clock,
      random: systemRandom,
      http: this.http,
      upstream: this.dependencies.createUpstream(upstreamUrl),
      secrets: this.secrets,
      certificates: new HerdCertificates(config.tls),
      turn,
      network: new InProcessNetwork(turn.deliveries),
      hosted: new Set<ServerId>([server]),
      mode: 'development',
      pageFolders: [],
      inspect: this.dependencies.inspect,
    };
  }
}
