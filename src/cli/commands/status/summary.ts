import type { ServerId } from '../../../protocol/place/ids.js';
import { linksOf } from '../../../protocol/place/topology.js';
import type { HerdConfig } from '../../../runtime/config/herd-config.js';
import { bucketSettingsFor } from '../../../runtime/config/replication-config.js';
import { delayBetween, type PropagationDelay } from './propagation-delay.js';
import type { HerdResponse } from '../../../runtime/http/api/api-types.js';
import type { HerdSample, ServerSample } from './poll.js';

/** What a server is: `up` takes clients and can tell nothing more, for it has no httpPort. */
export type ServerState = 'ready' | 'not ready' | 'up' | 'down' | 'unexpected';

/** How fast a server works, a second, and how old locations are when they reach it. */
export interface Rates {
  readonly reports: number;
  readonly learned: number;
  readonly commands: number;
  /** Undefined where nothing came from neighbours. */
  readonly propagationDelay: PropagationDelay | undefined;
}

/** What is known of one server. */
export interface ServerStatus {
  readonly name: ServerId;
  readonly state: ServerState;
  /** Empty where the state says it all. */
  readonly reason: string;
  /** What it holds; undefined where it did not tell. `missing` is undefined where it holds only some clients, as it should. */
  readonly stored:
    { readonly locations: number; readonly missing: number | undefined; readonly connections: number } | undefined;
  /** Undefined until there were two looks at one run of it. */
  readonly rates: Rates | undefined;
}

/** What is known of the link between two servers. */
export interface LinkStatus {
  readonly servers: readonly [ServerId, ServerId];
  /** The state; those of both ends where they differ, and `unknown` where neither end told. */
  readonly state: string;
  /** For how long, in milliseconds. */
  readonly sinceMs: number | undefined;
  readonly reason: string;
}

/** What is known of the bucket that a server spreads locations by. */
export interface BucketStatus {
  readonly server: ServerId;
  /** The state; `unknown` where the server did not tell, `none` where it has no bucket, though herd.yaml gives it one. */
  readonly state: string;
  /** For how long, in milliseconds. */
  readonly sinceMs: number | undefined;
  /** Clients of whom something waits to be written. */
  readonly pendingWrites: number | undefined;
  readonly reason: string;
}

/** A herd as it is shown. */
export interface HerdSummary {
  readonly herd: string;
  /** Whether all servers are up and ready, and all links and buckets live as far as servers tell of them. */
  readonly healthy: boolean;
  readonly servers: readonly ServerStatus[];
  readonly links: readonly LinkStatus[];
  /** One for each server that spreads by NATS, or bridges. */
  readonly buckets: readonly BucketStatus[];
}

/** What two looks at a herd, one after the other, tell of it. The first is undefined where there was but one. */
export function summarizeHerd(config: HerdConfig, before: HerdSample | undefined, after: HerdSample): HerdSummary {
  const maxLocations = Math.max(
    0,
    ...[...after.values()].map((sample) => (sample.kind === 'ok' ? sample.response.locations : 0)),
  );
  const servers = [...after].map(([name, sample]) => summarizeServer(name, before?.get(name), sample, maxLocations));
  const links = linksOf(config.topology).map(([one, other]) => summarizeLink(after, one, other));
  const buckets = [...after]
    .filter(([server]) => bucketSettingsFor(config, server) !== undefined)
    .map(([server, sample]) => summarizeBucket(server, sample));
  const healthy =
    servers.every(({ state }) => state === 'ready' || state === 'up') &&
    [...links, ...buckets].every(({ state }) => state === 'live' || state === 'unknown');
  return { herd: config.herd, healthy, servers, links, buckets };
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
      return { ...unknownStatus, state: 'up', reason: 'it has no httpPort to ask at' };
    case 'down':
    case 'unexpected':
      return { ...unknownStatus, state: sample.kind, reason: sample.reason };
    case 'ok': {
      const { ready, notReadyReasons, locations, hold, connections } = sample.response;
      const stored = { locations, missing: hold === 'touched' ? undefined : maxLocations - locations, connections };
      const state = ready ? 'ready' : 'not ready';
      return { name, state, reason: notReadyReasons.join(', '), stored, rates: ratesBetween(before, sample) };
    }
  }
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
  // What counts down was started anew in between.
  if (Object.values(rates).some((rate) => rate < 0)) return undefined;
  return { ...rates, propagationDelay: delayBetween(previous.propagationDelay, current.propagationDelay) };
}

function summarizeLink(samples: HerdSample, one: ServerId, other: ServerId): LinkStatus {
  const ends = [findLinkEnd(samples, one, other), findLinkEnd(samples, other, one)].filter((end) => end !== undefined);
  const states = [...new Set(ends.map(({ state }) => state))];
  const faultText = ends.map(describeFault).find((text) => text !== '') ?? '';
  const reason = ends.find((end) => end.reason !== '')?.reason ?? '';
  return {
    servers: [one, other],
    state: states.join(' / ') || 'unknown',
    // What changed last is what both ends are in.
    sinceMs: ends.length === 0 ? undefined : Math.min(...ends.map(({ sinceMs }) => sinceMs)),
    // A link that is cut gives that as its reason.
    reason: [faultText, reason === faultText ? '' : reason].filter((text) => text !== '').join('; '),
  };
}

/** What somebody does to a link, in words; empty if nothing. */
function describeFault({ injectedFault }: HerdResponse['links'][number]): string {
  switch (injectedFault.kind) {
    case 'none':
      return '';
    case 'cut':
      return 'cut manually';
    case 'slow':
      return `slowed by ${injectedFault.delayMs} ms manually`;
  }
}

function summarizeBucket(server: ServerId, sample: ServerSample): BucketStatus {
  const unknownStatus = { server, sinceMs: undefined, pendingWrites: undefined };
  if (sample.kind !== 'ok') return { ...unknownStatus, state: 'unknown', reason: '' };
  const { bucket } = sample.response;
  if (bucket === null)
    return { ...unknownStatus, state: 'none', reason: 'it was started with a herd.yaml that gives it none' };
  const { state, sinceMs, pendingWrites, reason } = bucket;
  return { server, state, sinceMs, pendingWrites, reason };
}

function findLinkEnd(
  samples: HerdSample,
  server: ServerId,
  neighbour: ServerId,
): HerdResponse['links'][number] | undefined {
  const sample = samples.get(server);
  return sample?.kind === 'ok' ? sample.response.links.find((link) => link.neighbour === neighbour) : undefined;
}
