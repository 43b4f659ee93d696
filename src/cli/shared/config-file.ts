import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withAbsolutePaths } from '../../library/config.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { loadConfig, type ConfigUse } from '../../runtime/config/load.js';
import { packageFolder } from '../../runtime/host/package-folder.js';
import type { ConfigOption } from './options.js';

/** The herd.yaml of the package. */
const bundledConfig = fileURLToPath(new URL('herd.yaml', packageFolder));

/**
 * Loads the config of a command: the file of `--config`, else herd.yaml in the working directory, else the one of the package.
 * @throws ConfigError if it is invalid
 */
export function configFor(options: ConfigOption, use: ConfigUse = 'serve'): HerdConfig {
  const file = options.config ?? (existsSync('herd.yaml') ? 'herd.yaml' : bundledConfig);
  return withAbsolutePaths(loadConfig(file, process.env, use));
}
