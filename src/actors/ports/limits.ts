/** What a server bounds. docs/operations.md gives the reason of each; herd.yaml may set them. */
export interface Limits {
  /** The longest line of a client taken whole, in bytes. */
  readonly lineBytesMax: number;
  /** Clients whose location is kept. Beyond it one whose location was received among the first is evicted. */
  readonly clientsMax: number;
  /** The longest client ID in bytes; an IAMAT or WATCH with a longer one is invalid. */
  readonly clientIdBytesMax: number;
  /** Bytes of memory that stored locations may take. Beyond it locations are evicted as beyond `clientsMax`. */
  readonly storeBytesMax: number;
  /** Connections of clients at once. */
  readonly connectionsMax: number;
  /** The same, from one address. */
  readonly connectionsPerAddressMax: number;
  /** HTTP connections from one address. */
  readonly httpConnectionsPerAddressMax: number;
  /** Subscriptions to changes from one address: connections that watch, and event streams over HTTP. */
  readonly watchersPerAddressMax: number;
  /** Commands a second on one connection; what comes faster is taken later. */
  readonly commandsPerSecondMax: number;
  /** Answers that may wait on one connection before no more of its commands are taken. */
  readonly answersWaitingMax: number;
  /** Bytes that a client may leave untaken before no more of its commands are taken. */
  readonly backlogBytesMax: number;
  /** Bytes that wait for all clients of the server together. Beyond it connections of the address that holds the most are closed. */
  readonly backlogBytesInAllMax: number;
  /** Bytes of memory of new locations that wait for one neighbour. Beyond it they are dropped, and it compares what it holds. */
  readonly linkBacklogBytesMax: number;
  /** WHATSAT commands of all clients under way at once; more are taken when fewer are. */
  readonly pendingQueriesMax: number;
  /** How long a client may leave so much untaken, and take none of it, in milliseconds, before it is dropped. */
  readonly stallMs: number;
  /** How long a connection may neither send nor take anything, in milliseconds, before it is closed. */
  readonly idleMs: number;
  /** How far ahead of the server's clock a report's time may be, in milliseconds. */
  readonly aheadMs: number;
  /** How long the herd is asked for a client that a server does not know, in milliseconds. */
  readonly seekMs: number;
  /** Searches of the herd a second for clients that a server does not know; one more is answered as unknown at once. */
  readonly seeksPerSecondMax: number;
  /** The same, for clients of one address. */
  readonly seeksPerSecondPerAddressMax: number;
}

/** What bounds a store. */
export type StoreLimits = Pick<Limits, 'clientsMax' | 'storeBytesMax'>;

export const defaultLimits: Limits = {
  lineBytesMax: 4_096,
  clientsMax: 1_000_000,
  clientIdBytesMax: 1_024,
  storeBytesMax: 1_073_741_824,
  connectionsMax: 50_000,
  connectionsPerAddressMax: 20_000,
  httpConnectionsPerAddressMax: 1_000,
  watchersPerAddressMax: 250,
  commandsPerSecondMax: 50_000,
  answersWaitingMax: 64,
  backlogBytesMax: 262_144,
  backlogBytesInAllMax: 268_435_456,
  linkBacklogBytesMax: 33_554_432,
  pendingQueriesMax: 10_000,
  stallMs: 60_000,
  idleMs: 3_600_000,
  aheadMs: 86_400_000,
  seekMs: 250,
  seeksPerSecondMax: 1_000,
  seeksPerSecondPerAddressMax: 250,
};

/** How often a link does what it does by itself. */
export interface LinkPace {
  /** Milliseconds between two signs of life. A neighbour that gives none for three of them is taken for dead. */
  readonly beatMs: number;
  /** Milliseconds between two comparisons of digests, on average. */
  readonly repairMs: number;
}

export const defaultPace: LinkPace = { beatMs: 2_000, repairMs: 30_000 };
