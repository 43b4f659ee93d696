import { readFileSync } from 'node:fs';
import { HerdClientError } from '../../client/errors.js';
import type { ServerAddress } from '../../client/server-address.js';
import { listedServers, selectServer } from '../../library/config.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { CommandError, UsageError } from './errors.js';
import type { QueryOptions } from './options.js';

/**
 * Returns the address at which a server accepts clients.
 * @throws CommandError if the file of the CA certificates cannot be read
 */
export function clientAddress(server: ServerId, { servers, tls }: HerdConfig): ServerAddress {
  const { host, port } = servers.get(server) ?? { host: '', port: 0 };
  if (tls.clients === undefined) return { host, port };
  return { host, port, tls: { servername: server, ca: tls.clients.ca && readAuthority(tls.clients.ca) } };
}

/**
 * Reads a file of CA certificates.
 * @throws CommandError if it cannot be read
 */
export function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Sends a request to the named server, or else to the first that responds.
 * @throws UsageError for invalid arguments; CommandError if no server responds; HerdClientError if the server rejects the request
 */
export async function tryServers<Response>(
  { server }: QueryOptions,
  config: HerdConfig,
  request: (server: ServerId) => Promise<Response>,
): Promise<Response> {
  const servers = server === undefined ? listedServers(config) : [selectServer(server, config)];
  let lastError: CommandError | undefined;
  for (const name of servers) {
    try {
      return await request(name);
    } catch (error) {
      lastError = unreachableError(name, error);
    }
  }
  if (servers.length === 1 && lastError !== undefined) throw lastError;
  throw new CommandError(`no server in ${config.file} is reachable. Start the herd with \`herd start\`.`);
}

/**
 * Converts the error of a request, so that it names the server.
 * @throws the error itself, as a UsageError if it is about the arguments, if another server would not help
 */
export function unreachableError(server: ServerId, error: unknown): CommandError {
  if (!(error instanceof HerdClientError) || error.code === 'HERD_REJECTED') throw error;
  if (error.code === 'HERD_INVALID_ARGUMENT') throw new UsageError(error.message);
  return new CommandError(
    error.code === 'HERD_CONNECTION_LOST'
      ? `connection to ${server} closed before a response was received`
      : `${server}: ${error.message}`,
    { cause: error },
  );
}
