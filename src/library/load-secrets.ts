import type { Secrets } from '../protocol/peer/handshake.js';
import { HerdSecrets } from '../runtime/host/herd-secrets.js';
import type { Environment } from './environment.js';

/**
 * The herd's secret from the environment: HERD_SECRET, and while it is being replaced HERD_SECRET_PREVIOUS as well. Undefined
 * if there is none.
 * @throws ConfigError for one that is too short
 */
export function loadSecrets(environment: Environment): Secrets | undefined {
  const secrets = [environment['HERD_SECRET'], environment['HERD_SECRET_PREVIOUS']].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  );
  return secrets.length === 0 ? undefined : new HerdSecrets(secrets);
}
