import type { ServerId } from '../../../protocol/place/ids.js';
import { linksOf } from '../../../protocol/place/topology.js';
import type { HerdConfig } from '../../../runtime/config/herd-config.js';
import { bucketFor } from '../../../runtime/config/replication-choice.js';
import { lagBetween, type Lag } from './lag.js';
import type { HerdAnswer, HerdLook, ServerLook } from './poll.js';

/** What a server is: `up` takes clients and can tell nothing more, for it has no httpPort. */
export type ServerState = 'ready' | 'not ready' | 'up' | 'down' | 'strange';

/** How fast a server works, a second, and how old locations are when they reach it. */
export interface Pace {
  readonly reports: number;
  readonly learned: number;
  readonly commands: number;
  /** Undefined where nothing came from neighbours. */
  readonly lag: Lag | undefined;
}

/** What is known of one server. */
export interface ServerStatus {
  readonly name: ServerId;
  readonly state: ServerState;
  /** Empty where the state says it all. */
  readonly why: string;
  /** What it holds; undefined where it did not tell. `behind` is undefined where it holds only some clients, as it should. */
  readonly held:
    { readonly locations: number; readonly behind: number | undefined; readonly clients: number } | undefined;
  /** Undefined until there were two looks at one run of it. */
  readonly pace: Pace | undefined;
}

/** What is known of the link between two servers. */
export interface LinkStatus {
  readonly between: readonly [ServerId, ServerId];
  /** The state; those of both ends where they differ, and `unknown` where neither end told. */
  readonly state: string;
  /** For how long, in milliseconds. */
  readonly sinceMs: number | undefined;
  readonly why: string;
}

/** What is known of the bucket that a server spreads locations by. */
export interface BucketStatus {
  readonly server: ServerId;
  /** The state; `unknown` where the server did not tell, `none` where it has no bucket, though herd.yaml gives it one. */
  readonly state: string;
  /** For how long, in milliseconds. */
  readonly sinceMs: number | undefined;
  /** Clients of whom something waits to be written. */
  readonly waiting: number | undefined;
  readonly why: string;
}

/** A herd as it is shown. */
export interface HerdPicture {
  readonly herd: string;
  /** Whether all servers are up and ready, and all links and buckets live as far as servers tell of them. */
  readonly sound: boolean;
  readonly servers: readonly ServerStatus[];
  readonly links: readonly LinkStatus[];
  /** One for each server that spreads by NATS, or bridges. */
  readonly buckets: readonly BucketStatus[];
}

/** What two looks at a herd, one after the other, tell of it. The first is undefined where there was but one. */
export function pictureOf(config: HerdConfig, before: HerdLook | undefined, after: HerdLook): HerdPicture {
  const most = Math.max(0, ...[...after.values()].map((look) => (look.kind === 'told' ? look.answer.locations : 0)));
  const servers = [...after].map(([name, look]) => serverStatus(name, before?.get(name), look, most));
  const links = linksOf(config.topology).map(([one, other]) => linkStatus(after, one, other));
  const buckets = [...after]
    .filter(([server]) => bucketFor(config, server) !== undefined)
    .map(([server, look]) => bucketStatus(server, look));
  const sound =
    servers.every(({ state }) => state === 'ready' || state === 'up') &&
    [...links, ...buckets].every(({ state }) => state === 'live' || state === 'unknown');
  return { herd: config.herd, sound, servers, links, buckets };
}

function serverStatus(
  name: ServerId,
  before: ServerLook | undefined,
  look: ServerLook,
  mostLocations: number,
): ServerStatus {
  const untold = { name, why: '', held: undefined, pace: undefined };
  switch (look.kind) {
    case 'takes clients':
      return { ...untold, state: 'up', why: 'it has no httpPort to ask at' };
    case 'down':
    case 'strange':
      return { ...untold, state: look.kind, why: look.reason };
    case 'told': {
      const { ready, waitsFor, locations, hold, clients } = look.answer;
      const held = { locations, behind: hold === 'touched' ? undefined : mostLocations - locations, clients };
      const state = ready ? 'ready' : 'not ready';
      return { name, state, why: waitsFor.join(', '), held, pace: paceBetween(before, look) };
    }
  }
}

function paceBetween(
  before: ServerLook | undefined,
  after: { readonly atMs: number; readonly answer: HerdAnswer },
): Pace | undefined {
  if (before?.kind !== 'told') return undefined;
  const [then, now] = [before.answer.counts, after.answer.counts];
  const seconds = (after.atMs - before.atMs) / 1_000;
  const grown = (kind: 'reports' | 'learned' | 'commands') => (now[kind] - then[kind]) / seconds;
  const pace = { reports: grown('reports'), learned: grown('learned'), commands: grown('commands') };
  // What counts down was started anew in between.
  if (Object.values(pace).some((rate) => rate < 0)) return undefined;
  return { ...pace, lag: lagBetween(then.spread, now.spread) };
}

function linkStatus(looks: HerdLook, one: ServerId, other: ServerId): LinkStatus {
  const ends = [endOf(looks, one, other), endOf(looks, other, one)].filter((end) => end !== undefined);
  const states = [...new Set(ends.map(({ state }) => state))];
  const fault = ends.map(faultWords).find((words) => words !== '') ?? '';
  const reason = ends.find((end) => end.reason !== '')?.reason ?? '';
  return {
    between: [one, other],
    state: states.join(' / ') || 'unknown',
    // What changed last is what both ends are in.
    sinceMs: ends.length === 0 ? undefined : Math.min(...ends.map(({ sinceMs }) => sinceMs)),
    // A link that is cut gives that as its reason.
    why: [fault, reason === fault ? '' : reason].filter((words) => words !== '').join('; '),
  };
}

/** What somebody does to a link, in words; empty if nothing. */
function faultWords({ fault }: HerdAnswer['links'][number]): string {
  switch (fault.kind) {
    case 'none':
      return '';
    case 'cut':
      return 'cut by hand';
    case 'slow':
      return `slowed by ${fault.delayMs} ms by hand`;
  }
}

function bucketStatus(server: ServerId, look: ServerLook): BucketStatus {
  const untold = { server, sinceMs: undefined, waiting: undefined };
  if (look.kind !== 'told') return { ...untold, state: 'unknown', why: '' };
  const { bucket } = look.answer;
  if (bucket === null) return { ...untold, state: 'none', why: 'it was started with a herd.yaml that gives it none' };
  const { state, sinceMs, waiting, reason } = bucket;
  return { server, state, sinceMs, waiting, why: reason };
}

function endOf(looks: HerdLook, server: ServerId, neighbour: ServerId): HerdAnswer['links'][number] | undefined {
  const look = looks.get(server);
  return look?.kind === 'told' ? look.answer.links.find((link) => link.neighbour === neighbour) : undefined;
}
