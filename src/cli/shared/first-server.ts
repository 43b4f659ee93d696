import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { serverNamed } from './config-file.js';
import { CommandError } from './errors.js';
import type { FindOptions } from './options.js';

/**
 * Asks something of the server that was named, or of the first that can be reached.
 * @throws what `ask` throws of the one that was named; CommandError if none can be reached
 */
export async function askFirst<Answer>(
  { server }: FindOptions,
  config: HerdConfig,
  ask: (server: ServerId) => Promise<Answer>,
): Promise<Answer> {
  const servers = server === undefined ? [...config.servers.keys()] : [serverNamed(server, config)];
  let unreachable: unknown;
  for (const each of servers) {
    try {
      return await ask(each);
    } catch (error) {
      unreachable = error;
    }
  }
  if (servers.length === 1) throw unreachable;
  throw new CommandError(`no server of ${config.file} can be reached; herd start starts them`);
}
