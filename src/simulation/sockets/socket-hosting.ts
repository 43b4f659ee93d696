import { randomBytes } from 'node:crypto';
import type { Secrets } from '../../actors/ports/secrets.js';
import { defaultUpstreamPace } from '../../actors/upstream/upstream-settings.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import { loadConfig } from '../../runtime/config/load.js';
import { stackOf } from '../../runtime/errors.js';
import { GotHttp } from '../../runtime/upstream/got-http.js';
import { HerdSecrets } from '../../runtime/host/herd-secrets.js';
import { HostedServer, type HostEdges, type ServerPorts } from '../../runtime/host/hosted-server.js';
import { InProcessNetwork } from '../../runtime/sockets/in-process-transport.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import { SystemClock } from '../../runtime/time/system-clock.js';
import { systemRandom } from '../../runtime/time/system-random.js';
import { Turn } from '../../runtime/time/turn.js';
import { HostingError, type Hosting, type RunningServer, type Start } from '../real/launcher.js';
import type { Action } from '../scenario/scenario.js';
import { watchRun } from '../run/server-instrumentation.js';
import type { WorldListener } from '../environment.js';
import { HostedRun } from './hosted-run.js';

/** What is needed to run servers in this process. */
export interface SocketHostingEdges {
  /** What WHATSAT asks, at an address. */
  readonly upstreamAt: (url: string) => Upstream;
  /** How the locations in a folder are damaged; undefined if they are not. */
  readonly inspect: HostEdges['inspect'];
}

/** All servers in this process, as `herd start` runs them, but that their links go over TCP as if each were alone. */
export class SocketHosting implements Hosting {
  readonly world = 'sockets';
  private readonly clock = new SystemClock();
  private readonly http = new GotHttp(defaultUpstreamPace.requestsMax);
  private readonly secrets: Secrets = new HerdSecrets([randomBytes(32).toString('hex')]);

  constructor(private readonly edges: SocketHostingEdges) {}

  refusal({ kind }: Action): string | undefined {
    if (kind !== 'pause' && kind !== 'resume') return undefined;
    return 'its servers share one process, which cannot be stopped for one of them';
  }

  async start(start: Start): Promise<RunningServer> {
    const { server, tell, breakConnections } = start;
    let hearing: 'heard' | 'silenced' = 'heard';
    const tellIfHeard: WorldListener = (event) => {
      if (hearing === 'heard') tell(event);
    };
    let bus: MessageBus | undefined;
    let ports: ServerPorts | undefined;
    const observed: Pick<HostEdges, 'observe' | 'onStarted' | 'warn'> = {
      observe: (_, its) => watchRun(server, (bus = its), tellIfHeard),
      onStarted: (_, opened) => (ports = opened),
      warn: (text) => tellIfHeard({ kind: 'failed', server, text }),
    };
    const hosted = new HostedServer({ ...this.hostEdges(start, observed.warn), ...observed }, server);
    try {
      await hosted.start();
    } catch (cause) {
      throw new HostingError(`${server} cannot be started: ${(cause as Error).message}`, { cause });
    }
    if (bus === undefined || ports === undefined) throw new Error(`${server} has started, and told nobody`);
    return new HostedRun(hosted, bus, ports, () => {
      hearing = 'silenced';
      breakConnections();
    });
  }

  abandon(): void {
    // They end with this process.
  }

  private hostEdges(
    { server, file, upstreamUrl }: Start,
    warn: HostEdges['warn'],
  ): Omit<HostEdges, 'observe' | 'onStarted' | 'warn'> {
    const config = loadConfig(file, {});
    const turn = new Turn((error) => warn(stackOf(error)));
    return {
      config,
      clock: this.clock,
      random: systemRandom,
      http: this.http,
      upstream: this.edges.upstreamAt(upstreamUrl),
      secrets: this.secrets,
      certificates: new HerdCertificates(config.tls),
      turn,
      network: new InProcessNetwork(turn.deliveries),
      hosted: new Set<ServerId>([server]),
      mode: 'development',
      pageFolders: [],
      inspect: this.edges.inspect,
    };
  }
}
