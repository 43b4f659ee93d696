import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from './wait-until.js';

const preload = new URL('../attack/heap-report.js', import.meta.url).href;
const maxWaitMs = 30_000;

/** Memory of a process after a garbage collection, in bytes. */
export interface HeapReport {
  /** Heap and buffers that are still referenced. */
  readonly heldBytes: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
}

/** Makes processes that are started from now on able to write heap reports into a folder; returns a function that ends that. */
export function preloadHeapReports(folder: string): () => void {
  process.env['HEAP_REPORT'] = join(folder, 'heap.json');
  process.env['NODE_OPTIONS'] = `--import=${preload}`;
  return () => {
    delete process.env['HEAP_REPORT'];
    delete process.env['NODE_OPTIONS'];
  };
}

/** Runs a garbage collection in a process, and reads its report. @throws Error if it does not respond in time */
export async function readHeapReport(folder: string, pid: number): Promise<HeapReport> {
  const file = join(folder, `heap.json.${pid}`);
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  await waitUntil(() => existsSync(file), maxWaitMs, `process ${pid}: no heap report within ${maxWaitMs} ms`);
  return JSON.parse(readFileSync(file, 'utf8')) as HeapReport;
}
