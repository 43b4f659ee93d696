import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withAbsolutePaths } from '../../library/absolute-paths.js';
import { asServerId, type ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { loadConfig, type ConfigUse } from '../../runtime/config/load.js';
import { packageFolder } from '../../runtime/host/package-folder.js';
import { UsageError } from './errors.js';
import type { ConfigOption } from './options.js';

/** The herd.yaml that comes with the package. */
const bundledConfig = fileURLToPath(new URL('herd.yaml', packageFolder));

/**
 * Reads the config that a command means: the file named, else herd.yaml of the current folder, else the shipped one.
 * @throws ConfigError
 */
export function configFor(options: ConfigOption, use: ConfigUse = 'serve'): HerdConfig {
  const file = options.config ?? (existsSync('herd.yaml') ? 'herd.yaml' : bundledConfig);
  return withAbsolutePaths(loadConfig(file, process.env, use));
}

/**
 * The servers that were named, or all if none was.
 * @throws UsageError if one is no server of the herd
 */
export function selectServers(names: readonly string[], config: HerdConfig): ServerId[] {
  if (names.length === 0) return [...config.servers.keys()];
  return [...new Set(names)].map((name) => selectServer(name, config));
}

/**
 * The server of that name.
 * @throws UsageError if there is none
 */
export function selectServer(name: string, config: HerdConfig): ServerId {
  const id = asServerId(name);
  if (id !== undefined && config.servers.has(id)) return id;
  throw new UsageError(
    `${name} is no server of ${config.file}; its servers are ${[...config.servers.keys()].join(', ')}`,
  );
}
