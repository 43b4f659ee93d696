import type { Secrets } from '../../protocol/peer/handshake.js';
import { HerdSecrets } from '../../runtime/host/herd-secrets.js';
import type { SeededRandom } from '../time/seeded-random.js';

/** The production proofs, with nonces from the seed. */
export class SimulatedSecrets implements Secrets {
  private readonly secrets = new HerdSecrets(['the secret of all simulated herds']);

  constructor(private readonly random: SeededRandom) {}

  nonce(): string {
    const bytes = Buffer.from(Array.from({ length: 16 }, () => this.random.below(256)));
    return bytes.toString('base64url');
  }

  prove(statement: string): string[] {
    return this.secrets.prove(statement);
  }

  verify(statement: string, proofs: readonly string[]): boolean {
    return this.secrets.verify(statement, proofs);
  }
}
