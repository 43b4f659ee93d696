import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { ServerPorts } from '../../runtime/host/hosted-server.js';
import type { Action } from '../scenario/scenario.js';
import type { SimulationListener } from '../environment.js';

/** What a server of a real world is started with. */
export interface LaunchOptions {
  readonly server: ServerId;
  /** Its herd.yaml. */
  readonly herdYaml: string;
  /** Where the upstream is: `http://127.0.0.1:PORT`. */
  readonly upstreamUrl: string;
  /** Hears of everything that happens in the server until it has ended, and of its start. */
  readonly emit: SimulationListener;
  /** Hears that the server has ended, though nobody has ended it. */
  readonly onExit: (reason: string) => void;
  /** Breaks the server's connections, as the system of a killed process does. */
  readonly breakConnections: () => void;
}

/** A server that runs. */
export interface RunningServer {
  readonly ports: ServerPorts;
  /** Ends it in the middle of what it does. Resolves when it is gone, and all that it told has been heard. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** What its store holds about a client. */
  readLocation(client: ClientId): Promise<Location | undefined>;
  /** The digest of all that its store holds. */
  readDigest(): Promise<string>;
}

/** How the servers of a real world are run. */
export interface ServerLauncher {
  readonly environment: string;
  /** Why servers that run so cannot do what a step says; undefined if they can. */
  unsupportedReason(action: Action): string | undefined;
  /**
   * Starts a server. Resolves when it takes clients.
   * @throws HostingError if it cannot be started
   */
  launch(options: LaunchOptions): Promise<RunningServer>;
  /** Ends all servers that run at once, before it returns. */
  killAll(): void;
}

/** A real world cannot run its servers. */
export class LauncherError extends Error {
  readonly code = 'HERD_HOSTING';
}
