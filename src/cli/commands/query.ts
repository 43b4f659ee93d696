import { fieldsOf, textOf } from '../../protocol/text/bytes.js';
import { parsePosition } from '../../protocol/place/position.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { ask } from '../shared/client.js';
import { configFor } from '../shared/config-file.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { askFirst } from '../shared/first-server.js';
import type { FindOptions, NearOptions } from '../shared/options.js';
import { forOutput, print } from '../shared/output.js';
import { describeResults } from '../shared/results.js';

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
  const config = configFor(options, 'to ask in lines');
  const command = `WHATSAT ${client} ${radius} ${count}`;
  const answer = await askFirst(options, config, (server) => ask(server, config, command));
  const [at = '', json = ''] = answer.split('\n');
  if (at.startsWith('AT ')) return { at: describeAt(at), json: textOf(json) };
  const known = await askFirst(options, config, (server) => ask(server, config, `WHATSAT ${client} 0 0`));
  if (!known.startsWith('AT ')) throw new CommandError(`nobody in the herd knows ${client}`);
  const problem = `the herd does not take a radius of ${radius} km with a count of ${count}`;
  throw new UsageError(`${problem}; ${await limitsIn(config)}`);
}

/** What counts and radii may be, as far as this config tells. */
async function limitsIn(config: HerdConfig): Promise<string> {
  // It knows all upstreams, and is hardly ever needed.
  const { whatsatLimitsOf } = await import('../../library/upstream.js');
  const limits = whatsatLimitsOf(config);
  if (limits === undefined) return 'a count is a whole number from 0';
  const radius = limits.radiusKmMax === Infinity ? '' : `, a radius at most ${limits.radiusKmMax} km`;
  return `a count is a whole number from 0 to ${limits.countMax}${radius}`;
}

function describeAt(at: string): string {
  const [, server, skew, client = '', position = '', time = ''] = fieldsOf(at);
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  const date = new Date(Number(time) * 1000);
  return [
    forOutput(textOf(client)),
    `  latitude ${latitude}, longitude ${longitude}`,
    `  reported at ${Number.isNaN(date.getTime()) ? time : date.toISOString()} by its own clock`,
    `  to ${server}, ${skew} s later by the server's clock`,
  ].join('\n');
}
