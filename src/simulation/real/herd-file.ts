import type { ServerId } from '../../protocol/place/ids.js';
import { limitSettings, peerSettings, toWritten } from '../../actors/ports/limits.js';
import type { HerdConfigInput } from '../../runtime/config/schema.js';
import type { ScenarioHerd } from '../scenario/scenario.js';

/** Paths and ports of one server in a real environment. */
export interface LocalPaths {
  /** The port where it reaches a neighbour that it dials. */
  readonly peerPortFor: (neighbour: ServerId) => number;
  /** The folder for locations; undefined for memory only. */
  readonly storePath: string | undefined;
}

/**
 * Formats the herd.yaml of one server: its own ports are 0 (any free port), those of its neighbours are the ports of the
 * proxies between them.
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
  // JSON is valid YAML.
  return JSON.stringify(document);
}
