import { waitUntil } from '../support/wait-until.js';
import type { RunningSystem } from '../systems/system.js';
import { reportedServer } from './shapes.js';

/** Timeout for each step, in milliseconds. */
const maxWaitMs = 120_000;

/**
 * Kills a server that received no reports, whose parent restarts it empty. Returns the time from its first HTTP response until it
 * stores as many clients as the reported server, in milliseconds, and that number.
 * @throws Error if it does not get there in time
 */
export async function measureJoinTime({ httpPorts, pids }: RunningSystem): Promise<{ ms: number; clients: number }> {
  const [server = '', port = 0] = [...(httpPorts ?? [])].find(([each]) => each !== reportedServer) ?? [];
  const clients = (await readStoredCount(httpPorts?.get(reportedServer) ?? 0)) ?? Infinity;
  process.kill(pids.get(server) ?? 0, 'SIGKILL');
  await waitUntil(
    async () => (await readStoredCount(port)) === undefined,
    maxWaitMs,
    `${server}: still responding after SIGKILL`,
  );
  await waitUntil(async () => (await readStoredCount(port)) !== undefined, maxWaitMs, `${server}: not restarted`);
  const readyMs = performance.now();
  await waitUntil(
    async () => ((await readStoredCount(port)) ?? 0) >= clients,
    maxWaitMs,
    `${server}: has not received all clients`,
  );
  return { ms: performance.now() - readyMs, clients };
}

/** Reads the number of clients that a server stores; undefined while it does not respond. */
export async function readStoredCount(port: number): Promise<number | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/herd`);
    return ((await response.json()) as { readonly locations: number }).locations;
  } catch {
    return undefined;
  }
}
