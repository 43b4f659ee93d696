/** The herd's secrets, as the handshake between servers sees them: it proves that it knows one without telling it. */
export interface Secrets {
  /** A fresh number used once, as text of 16 or more characters without white space. */
  nonce(): string;
  /** Proofs about a statement, one for each secret that is valid at present: the far end may know only the one or the other. */
  prove(statement: string): string[];
  /** Whether one of the proofs about a statement was made with a secret that is valid here. Takes the same time either way. */
  verify(statement: string, proofs: readonly string[]): boolean;
}
