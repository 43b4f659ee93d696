import { NatsError } from './nats-error.js';

/** The oldest nats-server that is taken: earlier ones do not have all that a bucket is asked for. */
const oldest = [2, 9, 4] as const;

/** @throws NatsError if a nats-server is too old, or does not say how old it is */
export function requireVersion(version: string, server: string): void {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0];
  const difference = oldest.map((least, index) => (numbers[index] ?? 0) - least).find((each) => each !== 0) ?? 0;
  if (difference >= 0) return;
  throw new NatsError(`nats-server at ${server} is version ${version}; Herd needs ${oldest.join('.')} or later`);
}
