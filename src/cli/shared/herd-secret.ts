import { randomBytes } from 'node:crypto';
import { loadSecrets } from '../../library/load-secrets.js';

/** The environment for processes of one herd: with the secret that is set, or else with one made up for this start. */
export function withHerdSecret(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return loadSecrets(environment) === undefined
    ? { ...environment, HERD_SECRET: randomBytes(32).toString('hex') }
    : environment;
}
