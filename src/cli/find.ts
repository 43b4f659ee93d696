import { fieldsOf, textOf } from '../protocol/bytes.js';
import type { ServerId } from '../protocol/ids.js';
import { parsePosition } from '../protocol/position.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import { ask } from './client.js';
import { configFor, serverNamed } from './config-file.js';
import { CommandError, UsageError } from './errors.js';
import type { FindOptions, NearOptions } from './options.js';
import { print } from './output.js';
import { describeResults } from './results.js';

/** `herd where`: a client's newest location, for people. */
export async function where(client: string, options: FindOptions): Promise<void> {
  const { at } = await find(client, '0', '0', options);
  print(at);
}

/** `herd near`: what is near a client, for people. */
export async function near(client: string, options: NearOptions): Promise<void> {
  const { at, json } = await find(client, options.radius, options.count, options);
  print(at);
  print('');
  print(describeResults(json));
}

async function find(
  client: string,
  radius: string,
  count: string,
  options: FindOptions,
): Promise<{ at: string; json: string }> {
  if (fieldsOf(client).length !== 1) throw new UsageError('a client ID is one word without white space');
  const config = configFor(options);
  const command = `WHATSAT ${client} ${radius} ${count}`;
  const answer = await askAny(serversFor(options, config), config, command);
  const [at = '', json = ''] = answer.split('\n');
  if (at.startsWith('AT ')) return { at: describeAt(at), json: textOf(json) };
  const known = (await askAny(serversFor(options, config), config, `WHATSAT ${client} 0 0`)).startsWith('AT ');
  if (!known) throw new CommandError(`nobody in the herd knows ${client}`);
  throw new UsageError(`the herd does not take a radius of ${radius} km with a count of ${count}`);
}

function serversFor({ server }: FindOptions, config: HerdConfig): ServerId[] {
  return server === undefined ? [...config.servers.keys()] : [serverNamed(server, config)];
}

/** Asks the first server that can be reached. */
async function askAny(servers: readonly ServerId[], config: HerdConfig, command: string): Promise<string> {
  let unreachable: unknown;
  for (const server of servers) {
    try {
      return await ask(server, config, command);
    } catch (error) {
      unreachable = error;
    }
  }
  if (servers.length === 1) throw unreachable;
  throw new CommandError(`no server of ${config.file} can be reached; herd start starts them`);
}

function describeAt(at: string): string {
  const [, server, skew, client = '', position = '', time = ''] = fieldsOf(at);
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  const date = new Date(Number(time) * 1000);
  return [
    textOf(client),
    `  latitude ${latitude}, longitude ${longitude}`,
    `  reported at ${Number.isNaN(date.getTime()) ? time : date.toISOString()} by its own clock`,
    `  to ${server}, ${skew} s later by the server's clock`,
  ].join('\n');
}
