import { NatsError } from './nats-error.js';

/** Minimum version of nats-server: earlier ones lack required features. */
const oldest = [2, 9, 4] as const;

/** @throws NatsError if the version of a nats-server is too old or unknown */
export function requireVersion(version: string, server: string): void {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0];
  const difference = oldest.map((least, index) => (numbers[index] ?? 0) - least).find((each) => each !== 0) ?? 0;
  if (difference >= 0) return;
  throw new NatsError(`nats-server at ${server} is version ${version}; Herd needs ${oldest.join('.')} or later`);
}
