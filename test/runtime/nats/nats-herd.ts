import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import type { NatsSettings } from '../../../src/runtime/nats/nats-settings.js';
import { natsSettings } from '../../support/nats-bucket.js';
import type { NatsServer } from '../../support/nats-server.js';
import { HerdInProcess, type HerdOptions } from '../../support/herd-in-process.js';

/** A herd of three in this process that spreads its locations by NATS. */
export function natsHerd(
  nats: readonly NatsServer[],
  settings: Partial<NatsSettings> = {},
  options: Partial<HerdOptions> = {},
): HerdInProcess {
  const whole = natsSettings(
    nats.map(({ address }) => address),
    settings,
  );
  return new HerdInProcess({
    links: ['Blake-Bryant', 'Bryant-Gasol'],
    hasHttp: true,
    bucketOf: (server) => new NatsBucket(whole, server),
    ...options,
  });
}

/** What a server answers over HTTP: its status and its text. */
export async function told(herd: HerdInProcess, server: string, path: string): Promise<string> {
  const response = await fetch(herd.url(server, path));
  return `${response.status} ${await response.text()}`;
}
