import { coresTold } from '../support/cores.js';
import type { Outcome } from './outcome.js';

/** How long an honest client may wait for an answer during an attack, in milliseconds. */
const honestGoalMs = 250;

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MB`;

/** An outcome in a line. */
export function verdictOf(outcome: Outcome): string {
  const { failures, worstHonestMs, peakBytes, boundBytes, heldBytes, storedMoreBytes, seen } = outcome;
  const held =
    heldBytes === undefined
      ? 'gone'
      : `${megabytes(heldBytes.before)} held before, ${megabytes(heldBytes.after)} after`;
  const verdict = failures.length === 0 ? 'held' : `FAILED (${failures.join('; ')})`;
  return `${verdict}; ${seen}; worst honest answer ${worstHonestMs.toFixed(0)} ms, peak ${megabytes(peakBytes)} of ${megabytes(boundBytes)}, ${held}, ${megabytes(storedMoreBytes)} of locations more`;
}

/** The page of docs/ with a table of outcomes. */
export function pageOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ attack, seen, worstHonestMs, peakBytes, boundBytes, heldBytes, failures }) => {
    const held = heldBytes === undefined ? '–' : `${megabytes(heldBytes.before)} → ${megabytes(heldBytes.after)}`;
    const slow = worstHonestMs > honestGoalMs ? ' (over the goal)' : '';
    const result = failures.length === 0 ? `held: ${seen}` : `failed: ${failures.join('; ')}`;
    return `| \`${attack.name}\` | ${attack.sent} | ${result} | ${worstHonestMs.toFixed(0)} ms${slow} | ${megabytes(peakBytes)} | ${megabytes(boundBytes)} | ${held} |`;
  });
  return `${intro}
| attack | sent | result | worst honest answer | peak memory | bound | held before → after |
| ------ | ---- | ------ | ------------------- | ----------- | ----- | ------------------- |
${rows.join('\n')}
`;
}

const intro = `# Attacks

Written by \`npm run attack -- --write\`. Each attack runs against a herd of its own: five servers in one process, as \`herd start\`
runs them, with \`storeBytesMax\` and \`backlogBytesInAllMax\` set to 64 MiB so that a missing bound shows within seconds, and places for
2,500 connections of clients and as many over HTTP where an attack does not need more. The attacker has no login, only connections from 127.0.0.1. Placement: ${coresTold}.

- **Worst honest answer**: a client at another address reports to each server every 20 ms, over a kept connection and every fifth
  time over a new one. The goal is ${honestGoalMs} ms. What misses it most are new connections: Node accepts one in each turn of the event
  loop, so they wait behind the hundreds that an attacker opens at the same moment.
- **Peak memory** is the resident memory of the process, all five servers together. An attack fails if it is more than the
  **bound**, which follows from the limits ([operations.md](operations.md#memory-bound)).
- **Held before → after**: heap and buffers after a garbage collection, before the attack and two seconds after its end; locations
  that the attack left in the stores count.
`;
