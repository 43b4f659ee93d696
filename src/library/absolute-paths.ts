import { resolve } from 'node:path';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { withWholePaths } from '../runtime/config/replication-choice.js';

/** The same config, independent of the current folder: that may change or be deleted while servers run. */
export function withAbsolutePaths(config: HerdConfig): HerdConfig {
  return {
    ...config,
    log: config.log && { ...config.log, dir: resolve(config.log.dir) },
    storePath: config.storePath && resolve(config.storePath),
    spread: config.spread.kind === 'flood' ? config.spread : withWholePaths(config.spread),
    bridge: config.bridge && withWholePaths(config.bridge),
  };
}
