import { HerdClientError } from '../../client/errors.js';
import { connect, type HerdClient } from '../../client/herd-client.js';
import type { HerdLocation } from '../../client/location.js';
import { bytesOf, fieldsOf } from '../../protocol/text/bytes.js';
import { parsePosition } from '../../protocol/place/position.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { configFor } from '../shared/config-file.js';
import { UsageError } from '../shared/errors.js';
import type { QueryOptions, NearOptions } from '../shared/options.js';
import { sanitizeForOutput, print, warn } from '../shared/output.js';
import { describeResults } from '../shared/describe-results.js';
import { clientAddress, tryServers } from '../shared/servers.js';

/** `herd where`: prints a client's newest location. Exit code 1 if no server knows the client. */
export async function where(client: string, options: QueryOptions): Promise<void> {
  const config = configFor(options, 'line-client');
  const location = await query(options, config, (herd) => herd.where(client));
  if (location === undefined) {
    reportUnknown(client);
    return;
  }
  print(formatLocation(location));
}

/** `herd near`: lists what is near a client. Exit code 1 if no server knows the client. */
export async function near(client: string, options: NearOptions): Promise<void> {
  const config = configFor(options, 'line-client');
  const { radius, count } = options;
  const invalid = async () =>
    new UsageError(`invalid radius or count (${radius} km, ${count}): ${await describeLimits(config)}`);
  if (!/^\d+(?:\.\d+)?$/.test(radius) || !/^\d+$/.test(count)) throw await invalid();
  try {
    const nearby = await query(options, config, (herd) => herd.nearby(client, Number(radius), Number(count)));
    if (nearby === undefined) {
      reportUnknown(client);
      return;
    }
    print(`${formatLocation(nearby.location)}\n\n${describeResults(nearby.json)}`);
  } catch (error) {
    throw error instanceof HerdClientError ? await invalid() : error;
  }
}

function query<Result>(
  options: QueryOptions,
  config: HerdConfig,
  request: (herd: HerdClient) => Promise<Result>,
): Promise<Result> {
  return tryServers(options, config, async (server) => {
    const herd = await connect(clientAddress(server, config));
    try {
      return await request(herd);
    } finally {
      herd.close();
    }
  });
}

function reportUnknown(client: string): void {
  warn(`unknown client ${sanitizeForOutput(client)}`);
  process.exitCode = 1;
}

/** Describes the valid counts and radii, as far as this config determines them. */
async function describeLimits(config: HerdConfig): Promise<string> {
  // Loads all upstreams, and is rarely needed.
  const { nearbyLimits } = await import('../../library/create-upstream.js');
  const limits = nearbyLimits(config);
  if (limits === undefined) return 'count must be an integer, 0 or more';
  const radius = limits.maxRadiusKm === Infinity ? '' : `, radius at most ${limits.maxRadiusKm} km`;
  return `count must be an integer from 0 to ${limits.maxCount}${radius}`;
}

function formatLocation({ client, line, time, server, skew }: HerdLocation): string {
  // From the line, which has every digit.
  const { latitude = '', longitude = '' } = parsePosition(fieldsOf(bytesOf(line))[4] ?? '') ?? {};
  const date = new Date(Number(time) * 1000);
  return [
    sanitizeForOutput(client),
    `  latitude ${latitude}, longitude ${longitude}`,
    `  reported at ${Number.isNaN(date.getTime()) ? time : date.toISOString()} by the client's clock`,
    `  received by ${server}, ${skew} s later by the server's clock`,
  ].join('\n');
}
