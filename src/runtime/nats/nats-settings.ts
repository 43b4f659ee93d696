/** Credentials for NATS. */
export type NatsCredentials =
  /** Credentials file of `nsc`: a JWT and its signing key. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** PEM files. Without `ca` the CA certificates of the system are used. */
export interface NatsTls {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** Settings of the connection of a herd, or of bridged herds, to NATS. */
export interface NatsSettings {
  /** Hosts and ports of nats-servers of one cluster, tried in random order. */
  readonly servers: readonly string[];
  /** The second token of all subjects: the herd's name, or that of the bridge. */
  readonly subjectName: string;
  /** Servers that hold each partition; Infinity for all. */
  readonly replicas: number;
  readonly credentials: NatsCredentials | undefined;
  /** Undefined: TLS if the nats-server requires it. */
  readonly tls: NatsTls | undefined;
  /** Heartbeat interval in milliseconds. A connection without one for three intervals counts as lost. */
  readonly heartbeatMs: number;
}
