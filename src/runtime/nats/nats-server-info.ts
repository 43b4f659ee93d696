import type { ServerInfo } from '@nats-io/transport-node';
import { NatsError } from './nats-error.js';

/** Minimum version of nats-server: earlier ones lack required features. */
const oldest = [2, 9, 4] as const;

/** Minimum `max_payload` of a nats-server in bytes: messages are at most this long. */
const minPayloadBytes = 65_536;

/** What a nats-server says about itself when it is connected to. */
type Info = Pick<ServerInfo, 'version' | 'headers' | 'max_payload'>;

/**
 * Checks that a nats-server has what Herd needs.
 * @throws NatsError if it is too old, its `max_payload` is too small, or it has no headers, which report missing subscribers
 */
export function requireFeatures(info: Info | undefined, server: string): void {
  const version = info?.version ?? 'unknown';
  if (!isRecent(version))
    throw new NatsError(`nats-server at ${server} is version ${version}; Herd needs ${oldest.join('.')} or later`);
  const maxPayload = info?.max_payload ?? 0;
  if (maxPayload < minPayloadBytes)
    throw new NatsError(
      `nats-server at ${server} has max_payload ${maxPayload}; Herd needs ${minPayloadBytes} bytes or more`,
    );
  if (info?.headers !== true)
    throw new NatsError(`nats-server at ${server} has headers disabled; Herd needs them (remove no_header_support)`);
}

function isRecent(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0];
  const difference = oldest.map((least, index) => (numbers[index] ?? 0) - least).find((each) => each !== 0) ?? 0;
  return difference >= 0;
}
