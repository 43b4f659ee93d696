import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { ServerPorts } from '../../runtime/host/hosted-server.js';
import type { Action } from '../scenario/scenario.js';
import type { SimulationListener } from '../environment.js';

/** Options for starting a server in a real environment. */
export interface LaunchOptions {
  readonly server: ServerId;
  /** Path of its herd.yaml. */
  readonly herdYaml: string;
  /** Base URL of the upstream: `http://127.0.0.1:PORT`. */
  readonly upstreamUrl: string;
  /** Receives the server's start and all its events until it has ended. */
  readonly emit: SimulationListener;
  /** Called when the server has ended without being killed. */
  readonly onExit: (reason: string) => void;
  /** Closes the server's connections, as the operating system of a killed process does. */
  readonly breakConnections: () => void;
}

/** A running server. */
export interface RunningServer {
  readonly ports: ServerPorts;
  /** Kills it. Resolves when it has ended and all its events have been received. */
  kill(): Promise<void>;
  /** Stops it in an orderly way, as SIGTERM does. Resolves when it has ended and all its events have been received. */
  stop(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Reads what its store holds for a client. */
  readLocation(client: ClientId): Promise<Location | undefined>;
  /** Reads the digest of its store. */
  readDigest(): Promise<string>;
}

/** Runs the servers of a real environment. */
export interface ServerLauncher {
  readonly environment: string;
  /** Returns why servers run this way cannot execute a step; undefined if they can. */
  unsupportedReason(action: Action): string | undefined;
  /**
   * Starts a server. Resolves when it accepts clients.
   * @throws LauncherError if it cannot be started
   */
  launch(options: LaunchOptions): Promise<RunningServer>;
  /** Kills all running servers synchronously. */
  killAll(): void;
}

/** A server of a real environment cannot be run. */
export class LauncherError extends Error {
  readonly code = 'HERD_LAUNCH';
}
