import { randomBytes } from 'node:crypto';
import type { Secrets } from '../actors/secrets.js';
import { HerdSecrets } from '../runtime/herd-secrets.js';

/**
 * The herd's secret from the environment: HERD_SECRET, and while it is being replaced HERD_SECRET_PREVIOUS as well. Undefined
 * if there is none.
 * @throws ConfigError for one that is too short
 */
export function secretsOf(environment: NodeJS.ProcessEnv): Secrets | undefined {
  const secrets = [environment['HERD_SECRET'], environment['HERD_SECRET_PREVIOUS']].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  );
  return secrets.length === 0 ? undefined : new HerdSecrets(secrets);
}

/** The environment for processes of one herd: with the secret that is set, or else with one made up for this start. */
export function environmentWithSecret(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return secretsOf(environment) === undefined
    ? { ...environment, HERD_SECRET: randomBytes(32).toString('hex') }
    : environment;
}
