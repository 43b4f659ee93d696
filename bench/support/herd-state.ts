/** What the benchmarks read of `/api/herd`. */
export interface HerdState {
  /** Number of locations that the server holds. */
  readonly locations: number;
  /** Null without NATS. */
  readonly nats?: {
    readonly state: string;
    readonly members: readonly string[];
    readonly partitions: {
      readonly complete: number;
      readonly filling: number;
      readonly leaving: number;
      readonly short: number;
    };
  } | null;
}

/** Reads the state of a server over HTTP; undefined while it does not respond. */
export async function readHerdState(httpPort: number): Promise<HerdState | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${httpPort}/api/herd`);
    return (await response.json()) as HerdState;
  } catch {
    return undefined;
  }
}

/** Reads the sum of a metric over its labels; 0 if the server has none of that name. */
export async function readMetric(httpPort: number, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
  return sumMetric(await response.text(), name);
}

/** Sums the samples of a metric in Prometheus's text format. */
export function sumMetric(text: string, name: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Whether a member sees this many members, and all partitions of the herd have all their holders. */
export function isSettled(state: HerdState | undefined, members: number): boolean {
  const nats = state?.nats;
  if (nats === undefined || nats === null) return false;
  const { filling, leaving, short } = nats.partitions;
  return nats.state === 'live' && nats.members.length === members && filling + leaving + short === 0;
}
