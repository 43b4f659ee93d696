import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { selectServer } from './config-file.js';
import { CommandError } from './errors.js';
import type { QueryOptions } from './options.js';

/**
 * Asks something of the server that was named, or of the first that can be reached.
 * @throws what `request` throws of the one that was named; CommandError if none can be reached
 */
export async function tryServers<Answer>(
  { server }: QueryOptions,
  config: HerdConfig,
  request: (server: ServerId) => Promise<Answer>,
): Promise<Answer> {
  const servers = server === undefined ? [...config.servers.keys()] : [selectServer(server, config)];
  let lastError: unknown;
  for (const name of servers) {
    try {
      return await request(name);
    } catch (error) {
      lastError = error;
    }
  }
  if (servers.length === 1) throw lastError;
  throw new CommandError(`no server of ${config.file} can be reached; herd start starts them`);
}
