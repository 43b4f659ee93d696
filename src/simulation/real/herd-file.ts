import type { ServerId } from '../../protocol/place/ids.js';
import { limitSettings, peerSettings, toWritten } from '../../actors/ports/limits.js';
import type { HerdConfigInput } from '../../runtime/config/schema.js';
import type { ScenarioHerd } from '../scenario/scenario.js';

/** Where a server of a real world finds what is its own. */
export interface LocalPaths {
  /** The port at which it finds a neighbour that it dials. */
  readonly peerPortFor: (neighbour: ServerId) => number;
  /** The folder in which locations are kept; undefined for memory only. */
  readonly storePath: string | undefined;
}

/**
 * The herd.yaml of one server: its own ports are any that are free, and those of its neighbours are those of the proxies between
 * them.
 */
export function formatHerdFile(herd: ScenarioHerd, server: ServerId, { peerPortFor, storePath }: LocalPaths): string {
  const names = [...herd.topology.keys()];
  const addressOf = (name: ServerId) => ({
    host: '127.0.0.1',
    port: 0,
    peerPort: name === server ? 0 : peerPortFor(name),
  });
  const document: HerdConfigInput = {
    herd: herd.name,
    servers: Object.fromEntries(names.map((name) => [name, addressOf(name)])),
    topology: Object.fromEntries([...herd.topology].map(([name, neighbours]) => [name, [...neighbours]])),
    upstream: { kind: 'sample', format: 'twitter' },
    tls: {},
    ...(storePath === undefined ? {} : { store: { path: storePath } }),
    limits: toWritten(limitSettings, herd.limits),
    peers: toWritten(peerSettings, herd.linkTimings),
  };
  // What is JSON is YAML.
  return JSON.stringify(document);
}
