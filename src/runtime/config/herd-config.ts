import type { Limits, LinkTimings } from '../../actors/ports/limits.js';
import type { UpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import type { CertificateFiles } from '../sockets/certificates.js';
import type { LogSettings } from '../observe/log/log-settings.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { HerdDocument } from './schema.js';
import type { BridgeConfig, ReplicationConfig } from './replication-config.js';

/** How a herd is run: tried out on one machine with admin actions open, or in production. */
export type HerdMode = 'development' | 'production';

/** Where one server listens. */
export interface ServerEndpoints {
  readonly host: string;
  /** For clients. */
  readonly port: number;
  /** For other servers; 0 and never listened at where there are no links. */
  readonly peerPort: number;
  /** For HTTP and WebSocket; undefined for none. */
  readonly httpPort?: number | undefined;
}

/** What WHATSAT asks: what stands under `upstream` in herd.yaml, or what no file can say, an upstream that a program has handed in. */
export type UpstreamConfig =
  | HerdDocument['upstream']
  | {
      readonly kind: 'custom';
      readonly upstream: Upstream;
      readonly radiusBeyondMax: HerdDocument['upstream']['radiusBeyondMax'];
    };

/** The tokens that `httpPort` asks for. */
export interface AuthTokens {
  /** Undefined: whoever reaches the port may do what clients do. */
  readonly clientToken: string | undefined;
  /** Undefined: nobody may administer, but who sits at a machine on which a herd is tried out. */
  readonly adminToken: string | undefined;
  /** Of clients that only one who has the token may report. */
  readonly deviceTokens: ReadonlyMap<ClientId, string>;
}

/** Who may come in at `httpPort`. */
export interface AuthConfig extends AuthTokens {
  /** Origins of pages, besides those of the herd itself, that may ask and report as programs may. */
  readonly allowedOrigins: ReadonlySet<string>;
}

/** A herd as its config describes it, checked. */
export interface HerdConfig {
  /** The file it was read from. */
  readonly file: string;
  readonly herd: string;
  readonly servers: ReadonlyMap<ServerId, ServerEndpoints>;
  readonly topology: Topology;
  /** How locations get from server to server. */
  readonly replication: ReplicationConfig;
  /** How a herd that floods shares its locations with others; undefined if it does not. */
  readonly bridge: BridgeConfig | undefined;
  /** Variables of the environment that are not set, each as a problem; without them no bucket of `replication` or `bridge` can be opened. */
  readonly missingBucketVariables: readonly string[];
  /** What WHATSAT asks. */
  readonly upstream: UpstreamConfig;
  readonly upstreamSettings: UpstreamSettings;
  /** Where the logs go; undefined for none. */
  readonly log: LogSettings | undefined;
  /** The folder in which locations are kept; undefined for memory only. */
  readonly storePath: string | undefined;
  /** Certificates of the doors for clients, and of links; each undefined for plain TCP. */
  readonly tls: { readonly clients?: CertificateFiles | undefined; readonly peers?: CertificateFiles | undefined };
  readonly auth: AuthConfig;
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
}
