import { randomBytes } from 'node:crypto';
import { secretsOf } from '../../library/secrets.js';

/** The environment for processes of one herd: with the secret that is set, or else with one made up for this start. */
export function environmentWithSecret(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return secretsOf(environment) === undefined
    ? { ...environment, HERD_SECRET: randomBytes(32).toString('hex') }
    : environment;
}
