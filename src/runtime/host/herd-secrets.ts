import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../../protocol/peer/handshake.js';
import { ConfigError } from '../errors.js';

/** Minimum length: a shorter secret could be guessed from a recorded handshake. */
const minSecretLength = 16;

/** Herd secrets of the environment; proofs are HMAC-SHA256 of a statement. */
export class HerdSecrets implements Secrets {
  /**
   * @param secrets valid secrets: one, or two during a rotation
   * @throws ConfigError if a secret is too short
   */
  constructor(private readonly secrets: readonly string[]) {
    for (const secret of secrets) {
      if (secret.length >= minSecretLength) continue;
      throw new ConfigError([
        `HERD_SECRET must be at least ${minSecretLength} characters long (create one with \`openssl rand -hex 32\`)`,
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
