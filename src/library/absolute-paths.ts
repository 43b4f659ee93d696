import { resolve } from 'node:path';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { resolveFilePaths } from '../runtime/config/replication-config.js';

/** The same config, independent of the current folder: that may change or be deleted while servers run. */
export function withAbsolutePaths(config: HerdConfig): HerdConfig {
  return {
    ...config,
    log: config.log && { ...config.log, dir: resolve(config.log.dir) },
    storePath: config.storePath && resolve(config.storePath),
    replication: config.replication.kind === 'flood' ? config.replication : resolveFilePaths(config.replication),
    bridge: config.bridge && resolveFilePaths(config.bridge),
  };
}
