/** One number that herd.yaml may set. Durations have their unit as the last part of their name: `Seconds` or `Ms`. */
export interface NumberSetting {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** For editors and the reference: what is bounded, and what happens beyond it. */
  readonly description: string;
}

const maxBytes = 1_099_511_627_776;

/**
 * Every setting under `limits` in herd.yaml. A new limit is one entry here: the schema, the defaults, the `Limits` that actors
 * get, what scenarios write, the JSON Schema and the reference pages (`npm run docs`) are made from it. A limit that bounds memory also
 * has a part in `runtime/host/memory-bound.ts`.
 */
export const limitSettings = {
  maxLineBytes: {
    default: 4_096,
    min: 256,
    max: 1_048_576,
    description: 'Maximum length of a line from a client, in bytes. A longer line is answered as invalid and skipped.',
  },
  maxClients: {
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    description:
      'Maximum number of clients whose location is stored. Beyond it, the location received longest ago is evicted.',
  },
  maxStoreBytes: {
    default: 1_073_741_824,
    min: 4_096,
    max: maxBytes,
    description:
      'Maximum memory of stored locations, in bytes. Beyond it, locations are evicted as beyond `maxClients`.',
  },
  maxClientIdBytes: {
    default: 1_024,
    min: 1,
    max: 65_536,
    description: 'Maximum length of a client ID, in bytes. A command with a longer one is answered as invalid.',
  },
  maxConnections: {
    default: 50_000,
    min: 1,
    max: 1_000_000,
    description: 'Maximum concurrent client connections. Further ones are closed.',
  },
  maxConnectionsPerAddress: {
    default: 20_000,
    min: 1,
    max: 1_000_000,
    description: 'Maximum concurrent client connections from one remote address. Further ones are closed.',
  },
  maxHttpConnectionsPerAddress: {
    default: 1_000,
    min: 1,
    max: 1_000_000,
    description: 'Maximum concurrent HTTP connections from one remote address. Further ones are closed.',
  },
  maxSubscribersPerAddress: {
    default: 250,
    min: 1,
    max: 1_000_000,
    description:
      'Maximum connections with a WATCH, plus event streams over HTTP, from one remote address. Further ones are rejected.',
  },
  maxAllClientsSubscribers: {
    default: 1_000,
    min: 0,
    max: 1_000_000,
    description:
      'Maximum connections that watch all clients (`WATCH *`, event streams of all clients). Further ones are rejected. With `replication.kind: nats`, one makes the server receive the locations of the whole herd.',
  },
  maxCommandsPerSecond: {
    default: 50_000,
    min: 1,
    max: 1_000_000,
    description: 'Rate limit of one connection, in commands per second. Commands beyond it are delayed, not rejected.',
  },
  maxPendingResponses: {
    default: 64,
    min: 1,
    max: 100_000,
    description: 'Maximum pending responses of one connection. At the limit, the server stops reading its commands.',
  },
  maxOutputBufferBytes: {
    default: 262_144,
    min: 4_096,
    max: 1_073_741_824,
    description:
      'Maximum unsent output of one connection, in bytes. At the limit, the server stops reading its commands.',
  },
  maxTotalOutputBufferBytes: {
    default: 268_435_456,
    min: 1_048_576,
    max: maxBytes,
    description:
      'Maximum unsent output of all clients of a server, in bytes. Beyond it, connections of the remote address with the most are closed.',
  },
  maxPeerOutputBufferBytes: {
    default: 33_554_432,
    min: 4_096,
    max: maxBytes,
    description:
      'Maximum unsent locations for one neighbour, in bytes. Beyond it, they are dropped and anti-entropy repairs the difference.',
  },
  maxPendingQueries: {
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description: 'Maximum concurrent WHATSAT commands of all clients of a server. Further ones wait.',
  },
  writeTimeoutSeconds: {
    default: 60,
    min: 1,
    max: 86_400,
    description: 'Time after which a connection at `maxOutputBufferBytes` is closed if it reads nothing.',
  },
  idleTimeoutSeconds: {
    default: 3_600,
    min: 1,
    max: 86_400,
    description: 'Time after which a connection without traffic in either direction is closed.',
  },
  maxFutureSkewSeconds: {
    default: 86_400,
    min: 0,
    max: 1_000_000_000,
    description: "Maximum time by which a report may be ahead of the server's clock. A report beyond it is invalid.",
  },
  lookupTimeoutMs: {
    default: 250,
    min: 1,
    max: 60_000,
    description: 'Time that the other servers have to answer the lookup of a client that this server does not know.',
  },
  maxLookupsPerSecond: {
    default: 1_000,
    min: 1,
    max: 1_000_000,
    description: 'Rate limit of lookups of unknown clients. Beyond it, the client counts as unknown at once.',
  },
  maxLookupsPerSecondPerAddress: {
    default: 250,
    min: 1,
    max: 1_000_000,
    description: 'Rate limit of lookups of unknown clients caused by one remote address.',
  },
} as const satisfies Readonly<Record<string, NumberSetting>>;

/** Heartbeat intervals without a sign of a neighbour, or of a member on NATS, after which it is considered down. */
export const maxMissedHeartbeats = 3;

/** Every setting under `peers` in herd.yaml. */
export const peerSettings = {
  heartbeatMs: {
    default: 2_000,
    min: 10,
    max: 600_000,
    description:
      'Interval between heartbeats on a link. A neighbour that sends none for three intervals is considered down.',
  },
  antiEntropySeconds: {
    default: 30,
    min: 1,
    max: 86_400,
    description: 'Average interval between two comparisons of what a server and a neighbour store (anti-entropy).',
  },
} as const satisfies Readonly<Record<string, NumberSetting>>;

/** The name under which actors know a setting: durations are in milliseconds for them. */
type InternalName<Setting> = Setting extends `${infer Name}Seconds` ? `${Name}Ms` : Setting;

type Internal<Settings> = { readonly [Setting in keyof Settings as InternalName<Setting>]: number };
type Written<Settings> = { readonly [Setting in keyof Settings]: number };

/** Limits of a server. Durations are in milliseconds; everything else has its unit in its name. */
export type Limits = Internal<typeof limitSettings>;

/** Limits of a location store. */
export type StoreLimits = Pick<Limits, 'maxClients' | 'maxStoreBytes'>;

/** How often a link sends heartbeats and compares what both ends store, in milliseconds. */
export type LinkTimings = Internal<typeof peerSettings>;

export const defaultLimits: Limits = toInternal(defaultsOf(limitSettings));
export const defaultLinkTimings: LinkTimings = toInternal(defaultsOf(peerSettings));

/** Values as herd.yaml has them, converted to those that actors get: seconds become milliseconds. */
export function toInternal<Settings extends Readonly<Record<string, number>>>(written: Settings): Internal<Settings> {
  const entries = Object.entries(written).map(([name, value]) =>
    name.endsWith('Seconds') ? [name.replace(/Seconds$/, 'Ms'), value * 1_000] : [name, value],
  );
  // The names follow InternalName.
  return Object.fromEntries(entries) as Internal<Settings>;
}

/** The inverse of `toInternal`: values as herd.yaml has them. */
export function toWritten<Settings extends Readonly<Record<string, NumberSetting>>>(
  settings: Settings,
  internal: Internal<Settings>,
): Written<Settings> {
  const values = internal as Readonly<Record<string, number>>;
  const entries = Object.keys(settings).map((name) => {
    const inMs = values[name.replace(/Seconds$/, 'Ms')] ?? 0;
    return [name, name.endsWith('Seconds') ? inMs / 1_000 : (values[name] ?? 0)];
  });
  return Object.fromEntries(entries) as Written<Settings>;
}

function defaultsOf<Settings extends Readonly<Record<string, NumberSetting>>>(settings: Settings): Written<Settings> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, setting.default]),
  ) as Written<Settings>;
}
