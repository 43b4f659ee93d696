import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** How many bytes of heap one thing keeps alive, measured over so many of them. */
export function measureHeapBytes(count: number, make: (number: number) => unknown): number {
  const kept: unknown[] = new Array<unknown>(count).fill(undefined);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < count; at += 1) kept[at] = make(at);
  collectGarbage();
  const after = process.memoryUsage().heapUsed;
  return (after - before) / kept.length;
}
