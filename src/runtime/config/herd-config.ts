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

/** Host and ports of one server. */
export interface ServerEndpoints {
  readonly host: string;
  /** For clients. */
  readonly port: number;
  /** For other servers; 0 and not listened on without links. */
  readonly peerPort: number;
  /** For HTTP and WebSocket; undefined to disable HTTP. */
  readonly httpPort?: number | undefined;
}

/** The API that WHATSAT queries: `upstream` of herd.yaml, or an upstream passed by a program. */
export type UpstreamConfig =
  | HerdDocument['upstream']
  | {
      readonly kind: 'custom';
      readonly upstream: Upstream;
      readonly radiusBeyondMax: HerdDocument['upstream']['radiusBeyondMax'];
    };

/** Tokens for `httpPort`. */
export interface AuthTokens {
  /** Undefined: everyone who reaches the port has the rights of a client. */
  readonly clientToken: string | undefined;
  /** Undefined: administration is disabled, except in development mode from the same machine. */
  readonly adminToken: string | undefined;
  /** Tokens of clients that may be reported only with this token or the admin token. */
  readonly deviceTokens: ReadonlyMap<ClientId, string>;
}

/** Tokens and allowed origins for `httpPort`. */
export interface AuthConfig extends AuthTokens {
  /** Origins of web pages that may report and query, besides those of the herd itself. */
  readonly allowedOrigins: ReadonlySet<string>;
}

/** Validated configuration of a herd. */
export interface HerdConfig {
  /** Path of the file, as shown in messages. */
  readonly file: string;
  readonly herd: string;
  /** Listed servers, and those that were started by a name that is not listed. */
  readonly servers: ReadonlyMap<ServerId, ServerEndpoints>;
  /** Endpoints of each server that is started by a name that is not listed; undefined if all servers are listed. */
  readonly otherServers: ServerEndpoints | undefined;
  readonly topology: Topology;
  /** How locations are replicated between servers. */
  readonly replication: ReplicationConfig;
  /** How a herd with flooding shares locations with other herds; undefined if it does not. */
  readonly bridge: BridgeConfig | undefined;
  /** Problems of unset environment variables that are needed to connect to NATS. */
  readonly missingNatsVariables: readonly string[];
  readonly upstream: UpstreamConfig;
  readonly upstreamSettings: UpstreamSettings;
  /** Undefined for no logs. */
  readonly log: LogSettings | undefined;
  /** Folder in which locations are stored; undefined for memory only. */
  readonly storePath: string | undefined;
  /** Certificates for clients and for links; undefined for plain TCP. */
  readonly tls: { readonly clients?: CertificateFiles | undefined; readonly peers?: CertificateFiles | undefined };
  readonly auth: AuthConfig;
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
}
