/*
 * A program in the place of `herd serve` that behaves as its first argument says:
 *
 *   serve           listens until it is told to stop
 *   stay            listens, and does not stop when it is told to
 *   refuse          says why it cannot listen, and ends
 *   exit            ends at once, and says nothing
 *   die NUMBER      listens, and dies by a signal; so often as the number of times that it may be started, then it serves
 *
 * The second argument is a file that counts how often it was started.
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
  // Keeps it alive, and ends it with the tests.
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
