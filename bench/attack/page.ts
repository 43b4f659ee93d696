import { coreAssignment } from '../support/cores.js';
import type { Outcome } from './run-attack.js';

/** Goal for the response time of an honest client during an attack, in milliseconds. */
const maxHonestResponseMs = 250;

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MB`;

/** Formats an outcome as one line of text. */
export function formatVerdict(outcome: Outcome): string {
  const { failures, worstHonestMs, peakBytes, boundBytes, heldBytes, storedMoreBytes, observation } = outcome;
  const heldText =
    heldBytes === undefined
      ? 'process ended'
      : `${megabytes(heldBytes.before)} held before, ${megabytes(heldBytes.after)} after`;
  const verdict = failures.length === 0 ? 'passed' : `FAILED (${failures.join('; ')})`;
  return `${verdict}; ${observation}; worst honest response ${worstHonestMs.toFixed(0)} ms, peak ${megabytes(peakBytes)} of ${megabytes(boundBytes)}, ${heldText}, ${megabytes(storedMoreBytes)} of locations added`;
}

/** Renders docs/explanation/attacks.md with a table of outcomes. */
export function renderPage(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ attack, observation, worstHonestMs, peakBytes, boundBytes, heldBytes, failures }) => {
    const heldText = heldBytes === undefined ? '–' : `${megabytes(heldBytes.before)} → ${megabytes(heldBytes.after)}`;
    const slowNote = worstHonestMs > maxHonestResponseMs ? ' (over the goal)' : '';
    const result = failures.length === 0 ? `passed: ${observation}` : `failed: ${failures.join('; ')}`;
    return `| \`${attack.name}\` | ${attack.sent} | ${result} | ${worstHonestMs.toFixed(0)} ms${slowNote} | ${megabytes(peakBytes)} | ${megabytes(boundBytes)} | ${heldText} |`;
  });
  return `${intro}
<!-- attacks: npm run attack -- --write writes this table -->

| attack | sent | result | worst honest answer | peak memory | bound | held before → after |
| ------ | ---- | ------ | ------------------- | ----------- | ----- | ------------------- |
${rows.join('\n')}

<!-- end of attacks -->
`;
}

const intro = `# Attacks

Results of \`npm run attack -- --write\`, which writes this page.
Each attack runs against its own herd: five servers in one process, as started by \`herd start\`.
\`maxStoreBytes\` and \`maxTotalOutputBufferBytes\` are 64 MiB, so that a missing bound shows within seconds,
and there is room for 2,500 client connections and as many over HTTP where an attack does not need more.
The attacker has no credentials, only connections from 127.0.0.1.
Placement: ${coreAssignment}.

- **Worst honest answer**: a client at another address reports to each server every 20 ms,
  over a kept connection and every fifth time over a new one.
  The goal is ${maxHonestResponseMs} ms.
  It is missed mostly by new connections: Node accepts one per turn of the event loop, so they wait behind the attacker's.
- **Peak memory** is the resident memory of the process with all five servers.
  An attack fails if it exceeds the **bound**, which follows from the limits ([memory bound](../reference/limits.md#memory-bound)).
- **Held before → after**: heap and buffers after a garbage collection, before the attack and two seconds after its end,
  including the locations that the attack left in the stores.
`;
