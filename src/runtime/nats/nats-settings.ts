/** How a server of the herd shows NATS who it is. */
export type NatsCredentials =
  /** A file that `nsc` makes: a token of the account and the key that goes with it. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** Files of PEM. What is left out is not shown, or is what the system trusts. */
export interface NatsTls {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** Which bucket a herd spreads its locations by, and how it is reached. */
export interface NatsSettings {
  /** Hosts and ports of nats-servers of one cluster; which of them is asked first is left to chance. */
  readonly servers: readonly string[];
  readonly bucket: string;
  /** Copies that a cluster keeps. Counts when the bucket is made. */
  readonly replicas: number;
  /** Streams that the bucket is split over. Counts when it is made. Undefined: whatever it is, or 1. */
  readonly shards?: number | undefined;
  readonly credentials: NatsCredentials | undefined;
  /** Undefined: TLS only where the nats-server offers it. */
  readonly tls: NatsTls | undefined;
  /** Milliseconds between signs of life. A nats-server, or a watch, that gives none for three of them is taken for dead. */
  readonly beatMs: number;
}
