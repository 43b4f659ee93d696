/** Chance, as actors see it. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
}
