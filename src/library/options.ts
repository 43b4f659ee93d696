import type { HerdLocation } from '../client/location.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import type { HerdConfigInput } from '../runtime/config/schema.js';

/** Environment variables, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Status change of a server, of its link to a neighbour, or of its connection to NATS. */
export interface HerdChange {
  /** Name of the server. */
  readonly server: string;
  /** Name of the neighbour, if the change is about a link. */
  readonly neighbour?: string;
  /** `nats`, if the change is about the server's connection to NATS. */
  readonly part?: 'nats';
  /** New state. */
  readonly state: 'up' | 'down';
  /** Reason of the change; may be empty. */
  readonly reason: string;
}

/** Configuration of a herd: an object or a file. */
export type HerdSource =
  | {
      /** Configuration as an object, with the keys of herd.yaml. */
      readonly config: HerdConfigInput;
      readonly file?: undefined;
    }
  | {
      /** Path of a herd.yaml. */
      readonly file: string;
      readonly config?: undefined;
    };

/** Options of `startHerd`. */
export type HerdOptions = HerdSource & {
  /** Names of the servers to run in this process; default all that are listed. They connect to the others over TCP. */
  readonly servers?: readonly string[] | undefined;
  /** Environment for HERD_SECRET, API keys and `${NAME}` in the configuration; default empty. Pass `process.env` to use that. */
  readonly environment?: Environment | undefined;
  /**
   * Custom upstream for WHATSAT, instead of the one that `upstream` in the configuration selects. The other settings there (deadline,
   * attempts, cache, budget) still apply, with the defaults of the selected kind.
   */
  readonly upstream?: Upstream | undefined;
  /** Called when a server, link or connection to NATS goes up or down after the herd was ready. */
  readonly onChange?: ((change: HerdChange) => void) | undefined;
  /** Called with new locations of a server, at most one per client, in the order in which they arrived. */
  readonly onLearned?: ((server: string, locations: readonly HerdLocation[]) => void) | undefined;
  /** Called with problems that no server log can report, such as a full disk or a server that failed and is restarted. */
  readonly onWarning?: ((text: string) => void) | undefined;
};

/** Addresses at which a server listens. */
export interface ServerAddresses {
  /** Host name or IP address. */
  readonly host: string;
  /** Port for clients. */
  readonly port: number;
  /** Port for other servers; undefined if all its neighbours run in this process. */
  readonly peerPort: number | undefined;
  /** Port for HTTP and WebSocket; undefined if it has none. */
  readonly httpPort: number | undefined;
}

/** Running servers of a herd in this process. */
export interface RunningHerd {
  /** Name of the herd. */
  readonly name: string;
  /** Addresses of the servers started here, by name. Ports configured as 0 have the number that the system assigned. */
  readonly servers: ReadonlyMap<string, ServerAddresses>;
  /** Answers pending commands, and resolves when all servers have stopped and stores and logs are written. May be called repeatedly. */
  stop(): Promise<void>;
}
