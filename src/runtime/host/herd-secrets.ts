import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../../protocol/peer/handshake.js';
import { ConfigError } from '../errors.js';

/** A secret shorter than this could be guessed from a recorded handshake. */
const minSecretLength = 16;

/** Secrets of the environment: HMAC-SHA256 over what is stated. */
export class HerdSecrets implements Secrets {
  /**
   * @param secrets those that are valid, one or two: two while the one replaces the other
   * @throws ConfigError for one that is too short
   */
  constructor(private readonly secrets: readonly string[]) {
    for (const secret of secrets) {
      if (secret.length >= minSecretLength) continue;
      throw new ConfigError([
        `HERD_SECRET must be at least ${minSecretLength} characters long; \`openssl rand -hex 32\` makes one`,
      ]);
    }
  }

  nonce(): string {
    return randomBytes(16).toString('base64url');
  }

  prove(statement: string): string[] {
    return this.secrets.map((secret) => createHmac('sha256', secret).update(statement, 'latin1').digest('base64url'));
  }

  verify(statement: string, proofs: readonly string[]): boolean {
    const own = this.prove(statement).map((proof) => Buffer.from(proof));
    const matches = proofs.flatMap((proof) => own.map((expected) => isEqual(expected, Buffer.from(proof))));
    return matches.includes(true);
  }
}

function isEqual(expected: Buffer, given: Buffer): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}
