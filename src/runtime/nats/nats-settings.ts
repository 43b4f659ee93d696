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

/** Settings of the bucket that a herd replicates over. */
export interface NatsSettings {
  /** Hosts and ports of nats-servers of one cluster, tried in random order. */
  readonly servers: readonly string[];
  readonly bucket: string;
  /** Number of replicas; used when the bucket is created. */
  readonly replicas: number;
  /** Number of streams that the bucket is split over; used when it is created. Undefined: as it exists, or 1. */
  readonly shards?: number | undefined;
  readonly credentials: NatsCredentials | undefined;
  /** Undefined: TLS if the nats-server requires it. */
  readonly tls: NatsTls | undefined;
  /** Heartbeat interval in milliseconds. A connection or watch without one for three intervals counts as lost. */
  readonly beatMs: number;
}
