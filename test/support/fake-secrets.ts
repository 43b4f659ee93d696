import type { Secrets } from '../../src/protocol/peer/handshake.js';

/** Secrets whose proofs can be read: the secret, and in brackets what it is proved over; without white space, as a field. */
export class FakeSecrets implements Secrets {
  private nonces = 0;

  /** @param valid the secrets that are valid */
  constructor(private readonly valid: readonly string[]) {}

  nonce(): string {
    this.nonces += 1;
    return `nonce${this.nonces}`;
  }

  prove(statement: string): string[] {
    return this.valid.map((secret) => `${secret}(${statement.replaceAll(' ', ',')})`);
  }

  verify(statement: string, proofs: readonly string[]): boolean {
    return this.prove(statement).some((proof) => proofs.includes(proof));
  }
}
