import { fieldsOf, textOf } from '../../protocol/text/bytes.js';
import { parsePosition } from '../../protocol/place/position.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { sendCommand } from '../shared/client.js';
import { configFor } from '../shared/config-file.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { tryServers } from '../shared/try-servers.js';
import type { QueryOptions, NearOptions } from '../shared/options.js';
import { sanitizeForOutput, print } from '../shared/output.js';
import { describeResults } from '../shared/results.js';

/** `herd where`: a client's newest location, for people. */
export async function where(client: string, options: QueryOptions): Promise<void> {
  const { atLine } = await queryNearby(client, '0', '0', options);
  print(atLine);
}

/** `herd near`: what is near a client, for people. */
export async function near(client: string, options: NearOptions): Promise<void> {
  const { atLine, json } = await queryNearby(client, options.radius, options.count, options);
  print(atLine);
  print('');
  print(describeResults(json));
}

async function queryNearby(
  client: string,
  radius: string,
  count: string,
  options: QueryOptions,
): Promise<{ atLine: string; json: string }> {
  if (fieldsOf(client).length !== 1) throw new UsageError('a client ID is one word without white space');
  const config = configFor(options, 'line-client');
  const command = `WHATSAT ${client} ${radius} ${count}`;
  const response = await tryServers(options, config, (server) => sendCommand(server, config, command));
  const [atLine = '', json = ''] = response.split('\n');
  if (atLine.startsWith('AT ')) return { atLine: describeAt(atLine), json: textOf(json) };
  const known = await tryServers(options, config, (server) => sendCommand(server, config, `WHATSAT ${client} 0 0`));
  if (!known.startsWith('AT ')) throw new CommandError(`nobody in the herd knows ${client}`);
  const problem = `the herd does not take a radius of ${radius} km with a count of ${count}`;
  throw new UsageError(`${problem}; ${await describeLimits(config)}`);
}

/** What counts and radii may be, as far as this config tells. */
async function describeLimits(config: HerdConfig): Promise<string> {
  // It knows all upstreams, and is hardly ever needed.
  const { nearbyLimits } = await import('../../library/create-upstream.js');
  const limits = nearbyLimits(config);
  if (limits === undefined) return 'a count is a whole number from 0';
  const radius = limits.radiusKmMax === Infinity ? '' : `, a radius at most ${limits.radiusKmMax} km`;
  return `a count is a whole number from 0 to ${limits.countMax}${radius}`;
}

function describeAt(at: string): string {
  const [, server, skew, client = '', position = '', time = ''] = fieldsOf(at);
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  const date = new Date(Number(time) * 1000);
  return [
    sanitizeForOutput(textOf(client)),
    `  latitude ${latitude}, longitude ${longitude}`,
    `  reported at ${Number.isNaN(date.getTime()) ? time : date.toISOString()} by its own clock`,
    `  to ${server}, ${skew} s later by the server's clock`,
  ].join('\n');
}
