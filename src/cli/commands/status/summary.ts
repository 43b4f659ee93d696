import { partitionCount } from '../../../protocol/place/digest.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import { linksOf } from '../../../protocol/place/topology.js';
import type { HerdConfig } from '../../../runtime/config/herd-config.js';
import { natsSettingsFor } from '../../../runtime/config/replication-config.js';
import { delayBetween, type PropagationDelay } from './propagation-delay.js';
import type { HerdResponse } from '../../../runtime/http/api/api-types.js';
import type { HerdSample, ServerSample } from './poll.js';

/** State of a server. `up`: it accepts clients, and has no httpPort to query for more. */
export type ServerState = 'ready' | 'not ready' | 'up' | 'down' | 'unexpected';

/** Events per second of a server, and the propagation delay of locations that reach it. */
export interface Rates {
  readonly reports: number;
  readonly learned: number;
  readonly commands: number;
  /** Undefined if nothing came from neighbours. */
  readonly propagationDelay: PropagationDelay | undefined;
}

/** Status of a server. */
export interface ServerStatus {
  readonly name: ServerId;
  readonly state: ServerState;
  /** Reason of the state; may be empty. */
  readonly reason: string;
  /**
   * Undefined if the server did not report. `missing` counts locations fewer than on the server with the most; undefined if the server
   * holds only some partitions.
   */
  readonly stored:
    { readonly locations: number; readonly missing: number | undefined; readonly connections: number } | undefined;
  /** Undefined until there are two samples without a restart in between. */
  readonly rates: Rates | undefined;
}

/** Status of the link between two servers. */
export interface LinkStatus {
  readonly servers: readonly [ServerId, ServerId];
  /** State; those of both ends if they differ, `unknown` if neither end reported. */
  readonly state: string;
  /** Time in that state, in milliseconds. */
  readonly sinceMs: number | undefined;
  readonly reason: string;
}

/** Status of a server's connection to NATS. */
export interface NatsStatus {
  readonly server: ServerId;
  /** State; `unknown` if the server did not report, `none` if it does not use NATS although herd.yaml says so. */
  readonly state: string;
  /** Time in that state, in milliseconds. */
  readonly sinceMs: number | undefined;
  /** Number of live members that the server knows. */
  readonly members: number | undefined;
  /** Partitions at the server by state, and those of the herd that are short of replicas, as far as it knows. */
  readonly partitions: NatsResponse['partitions'] | undefined;
  readonly reason: string;
}

type NatsResponse = NonNullable<HerdResponse['nats']>;

/** Status of a herd. */
export interface HerdSummary {
  readonly herd: string;
  /**
   * Whether all servers are up and ready, all links and connections to NATS live, and no partition is short of replicas, as far as
   * servers report them.
   */
  readonly healthy: boolean;
  readonly servers: readonly ServerStatus[];
  readonly links: readonly LinkStatus[];
  /** One entry for each server on NATS. */
  readonly nats: readonly NatsStatus[];
}

/**
 * Summarizes two samples of a herd.
 * @param before the earlier sample, for rates; undefined if there is none
 */
export function summarizeHerd(config: HerdConfig, before: HerdSample | undefined, after: HerdSample): HerdSummary {
  const maxLocations = Math.max(
    0,
    ...[...after.values()].map((sample) => (sample.kind === 'ok' ? sample.response.locations : 0)),
  );
  const servers = [...after].map(([name, sample]) => summarizeServer(name, before?.get(name), sample, maxLocations));
  const links = linksOf(config.topology).map(([one, other]) => summarizeLink(after, one, other));
  const nats = [...after]
    .filter(([server]) => natsSettingsFor(config, server) !== undefined)
    .map(([server, sample]) => summarizeNats(server, sample));
  const healthy =
    servers.every(({ state }) => state === 'ready' || state === 'up') &&
    [...links, ...nats].every(({ state }) => state === 'live' || state === 'unknown') &&
    nats.every(({ partitions }) => partitions === undefined || partitions.short === 0);
  return { herd: config.herd, healthy, servers, links, nats };
}

function summarizeServer(
  name: ServerId,
  before: ServerSample | undefined,
  sample: ServerSample,
  maxLocations: number,
): ServerStatus {
  const unknownStatus = { name, reason: '', stored: undefined, rates: undefined };
  switch (sample.kind) {
    case 'reachable':
      return { ...unknownStatus, state: 'up', reason: 'no httpPort' };
    case 'down':
    case 'unexpected':
      return { ...unknownStatus, state: sample.kind, reason: sample.reason };
    case 'ok': {
      const { ready, notReadyReasons, locations, nats, connections } = sample.response;
      const stored = { locations, missing: holdsAll(nats) ? maxLocations - locations : undefined, connections };
      const state = ready ? 'ready' : 'not ready';
      return { name, state, reason: notReadyReasons.join(', '), stored, rates: ratesBetween(before, sample) };
    }
  }
}

function holdsAll(nats: NatsResponse | null): boolean {
  if (nats === null) return true;
  const { complete, filling, leaving } = nats.partitions;
  return complete + filling + leaving === partitionCount;
}

function ratesBetween(
  before: ServerSample | undefined,
  after: { readonly atMs: number; readonly response: HerdResponse },
): Rates | undefined {
  if (before?.kind !== 'ok') return undefined;
  const [previous, current] = [before.response.counters, after.response.counters];
  const seconds = (after.atMs - before.atMs) / 1_000;
  const perSecond = (kind: 'reports' | 'learned' | 'commands') => (current[kind] - previous[kind]) / seconds;
  const rates = { reports: perSecond('reports'), learned: perSecond('learned'), commands: perSecond('commands') };
  // Counters that decreased belong to a restarted server.
  if (Object.values(rates).some((rate) => rate < 0)) return undefined;
  return { ...rates, propagationDelay: delayBetween(previous.propagationDelay, current.propagationDelay) };
}

function summarizeLink(samples: HerdSample, one: ServerId, other: ServerId): LinkStatus {
  const ends = [findLinkEnd(samples, one, other), findLinkEnd(samples, other, one)].filter((end) => end !== undefined);
  const states = [...new Set(ends.map(({ state }) => state))];
  const fault = ends.map(({ injectedFault }) => injectedFault).find(({ kind }) => kind !== 'none');
  const reason = ends.find((end) => end.reason !== '')?.reason ?? '';
  return {
    servers: [one, other],
    state: states.join(' / ') || 'unknown',
    // Both ends have been in their states since the later of the two changes.
    sinceMs: ends.length === 0 ? undefined : Math.min(...ends.map(({ sinceMs }) => sinceMs)),
    reason: fault === undefined ? reason : describeFault(fault, reason),
  };
}

type InjectedFault = HerdResponse['links'][number]['injectedFault'];

/** Describes an injected fault together with the reason of the link's state; for a cut link that is the cut itself. */
function describeFault(fault: InjectedFault, reason: string): string {
  if (fault.kind !== 'slow') return 'cut manually';
  return [`slowed by ${fault.delayMs} ms manually`, reason].filter((text) => text !== '').join('; ');
}

function summarizeNats(server: ServerId, sample: ServerSample): NatsStatus {
  const unknownStatus = { server, sinceMs: undefined, members: undefined, partitions: undefined };
  if (sample.kind !== 'ok') return { ...unknownStatus, state: 'unknown', reason: '' };
  const { nats } = sample.response;
  if (nats === null) return { ...unknownStatus, state: 'none', reason: 'started with a herd.yaml without NATS' };
  const { state, sinceMs, members, partitions, reason } = nats;
  return { server, state, sinceMs, members: members.length, partitions, reason };
}

function findLinkEnd(
  samples: HerdSample,
  server: ServerId,
  neighbour: ServerId,
): HerdResponse['links'][number] | undefined {
  const sample = samples.get(server);
  return sample?.kind === 'ok' ? sample.response.links.find((link) => link.neighbour === neighbour) : undefined;
}
