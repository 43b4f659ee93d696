import type { ServerId } from '../../protocol/place/ids.js';
import type { Limits, LinkPace } from '../../actors/ports/limits.js';
import type { WrittenHerd } from '../../runtime/config/schema.js';
import type { ScenarioHerd } from '../scenario/scenario.js';

/** Where a server of a real world finds what is its own. */
export interface OwnPlaces {
  /** The port at which it finds a neighbour that it dials. */
  readonly portFor: (neighbour: ServerId) => number;
  /** The folder in which locations are kept; undefined for memory only. */
  readonly storePath: string | undefined;
}

/**
 * The herd.yaml of one server: its own ports are any that are free, and those of its neighbours are those of the proxies between
 * them.
 */
export function herdFileOf(herd: ScenarioHerd, server: ServerId, { portFor, storePath }: OwnPlaces): string {
  const names = [...herd.topology.keys()];
  const addressOf = (name: ServerId) => ({
    host: '127.0.0.1',
    port: 0,
    peerPort: name === server ? 0 : portFor(name),
  });
  const document: WrittenHerd = {
    herd: herd.name,
    servers: Object.fromEntries(names.map((name) => [name, addressOf(name)])),
    talks: Object.fromEntries([...herd.topology].map(([name, others]) => [name, [...others]])),
    upstream: { kind: 'sample', shape: 'twitter' },
    tls: {},
    ...(storePath === undefined ? {} : { store: { path: storePath } }),
    limits: writtenLimits(herd.limits),
    links: writtenPace(herd.pace),
  };
  // What is JSON is YAML.
  return JSON.stringify(document);
}

function writtenLimits({ stallMs, idleMs, aheadMs, ...limits }: Limits): WrittenHerd['limits'] {
  return { ...limits, stallSeconds: stallMs / 1_000, idleSeconds: idleMs / 1_000, aheadSeconds: aheadMs / 1_000 };
}

function writtenPace({ beatMs, repairMs }: LinkPace): WrittenHerd['links'] {
  return { beatMs, repairSeconds: repairMs / 1_000 };
}
