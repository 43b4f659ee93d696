import type { HerdLocation } from '../client/herd-location.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import type { HerdConfigInput } from '../runtime/config/schema.js';
import type { Environment } from './environment.js';

/** A server went up or down, or its link to a neighbour did, or what it has of the bucket by which a herd on NATS spreads locations. */
export interface HerdChange {
  readonly server: string;
  /** The neighbour, where it is about a link. */
  readonly neighbour?: string;
  /** Where it is about the bucket. */
  readonly part?: 'bucket';
  readonly state: 'up' | 'down';
  /** Empty where there is nothing to say. */
  readonly reason: string;
}

/** Where the herd's settings are. */
export type HerdSource =
  | {
      /** The settings themselves. */
      readonly config: HerdConfigInput;
      readonly file?: undefined;
    }
  | {
      /** The path of a herd.yaml. */
      readonly file: string;
      readonly config?: undefined;
    };

/** Which herd to start, and who hears of it. */
export type HerdOptions = HerdSource & {
  /** The servers to run here, by name: all, if it is left out. They link to the others over TCP. */
  readonly servers?: readonly string[] | undefined;
  /** Where HERD_SECRET, the keys of upstreams and what `${NAME}` stands for are found; `process.env`, say. Empty if it is left out. */
  readonly environment?: Environment | undefined;
  /**
   * What WHATSAT asks, in place of what `upstream` in the settings names. How it is asked — deadline, attempts, memory, budget — those
   * settings say all the same, with the defaults of the kind that they name.
   */
  readonly upstream?: Upstream | undefined;
  /** Hears of what goes up and down once all is ready. */
  readonly onChange?: ((change: HerdChange) => void) | undefined;
  /** Hears what a server learned: the newest location of each of these clients, in the order in which they came. */
  readonly onLearned?: ((server: string, locations: readonly HerdLocation[]) => void) | undefined;
  /** Hears of trouble that no server's log can tell of: a full disk, a server that failed and starts again. */
  readonly onWarning?: ((text: string) => void) | undefined;
};

/** Where a server listens. */
export interface ServerAddresses {
  readonly host: string;
  /** For clients. */
  readonly port: number;
  /** For other servers; undefined where all its neighbours are in this process. */
  readonly peerPort: number | undefined;
  /** For HTTP and WebSocket; undefined for none. */
  readonly httpPort: number | undefined;
}

/** Servers of a herd that run in this process. */
export interface RunningHerd {
  /** The herd's name. */
  readonly name: string;
  /** The servers that were started here, by name, with the ports that they have: where the settings say 0, the system chose one. */
  readonly servers: ReadonlyMap<string, ServerAddresses>;
  /** Answers the clients there are, and resolves when all servers are gone and their logs are written. May be called again. */
  stop(): Promise<void>;
}
