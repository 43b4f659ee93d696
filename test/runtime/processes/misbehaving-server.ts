/*
 * Replacement of `herd serve` whose first argument selects its behaviour:
 *
 *   serve           listens until it is terminated
 *   stay            listens and ignores termination
 *   refuse          reports why it cannot listen and exits
 *   exit            exits at once without a report
 *   die NUMBER      listens and is killed by a signal, on the first NUMBER starts; then serves
 *
 * The second argument is a file that counts the starts.
 */
import { appendFileSync, readFileSync } from 'node:fs';

const [behaviour, counter = '', maxCrashes = '0'] = process.argv.slice(2);
const server = 'Blake';

appendFileSync(counter, '.');
const starts = readFileSync(counter).length;

function sendReport(report: object): Promise<void> {
  return new Promise((resolve) => process.send?.(report, undefined, undefined, () => resolve()));
}

async function serve(): Promise<void> {
  process.on('SIGTERM', () => (behaviour === 'stay' ? undefined : process.exit()));
  // Keeps the process alive until its parent exits.
  process.on('disconnect', () => process.exit());
  await sendReport({ kind: 'started', server, ports: { client: 12_000 + starts } });
}

if (behaviour === 'exit') process.exit(3);
if (behaviour === 'refuse') {
  await sendReport({ kind: 'down', server, reason: 'the port is in use' });
  process.exit(1);
}
await serve();
if (behaviour === 'die' && starts <= Number(maxCrashes)) process.kill(process.pid, 'SIGKILL');
