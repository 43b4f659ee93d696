import { randomBytes } from 'node:crypto';
import type { Secrets } from '../protocol/peer/handshake.js';
import { HerdSecrets } from '../runtime/host/herd-secrets.js';
import type { Environment } from './options.js';

/**
 * Reads the herd's shared secret from the environment: HERD_SECRET, and HERD_SECRET_PREVIOUS while the secret is being rotated.
 * @returns undefined if neither is set
 * @throws ConfigError if a secret is too short
 */
export function loadSecrets(environment: Environment): Secrets | undefined {
  const secrets = [environment['HERD_SECRET'], environment['HERD_SECRET_PREVIOUS']].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  );
  return secrets.length === 0 ? undefined : new HerdSecrets(secrets);
}

/** Returns the environment for child processes of one herd; without a HERD_SECRET in it, it gets a random one. */
export function withHerdSecret(environment: Environment): Environment {
  return loadSecrets(environment) === undefined
    ? { ...environment, HERD_SECRET: randomBytes(32).toString('hex') }
    : environment;
}
