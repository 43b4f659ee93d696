import { setTimeout as pause } from 'node:timers/promises';
import type { Running } from '../systems/contestant.js';
import { told } from './shapes.js';

const lookEveryMs = 20;

/** How long a server may take until it knows everything, in milliseconds. */
const loadsWithinMs = 120_000;

/**
 * Kills a server that got no reports, which its supervisor starts again with nothing; the time from when its doors are open until it holds as many
 * clients as the one that got them, and how many these are. @throws if it does not come to know them
 */
export async function timeToLoad({ httpPorts, pids }: Running): Promise<{ ms: number; clients: number }> {
  const [server = '', port = 0] = [...(httpPorts ?? [])].find(([each]) => each !== told) ?? [];
  const clients = (await heldAt(httpPorts?.get(told) ?? 0)) ?? Infinity;
  process.kill(pids.get(server) ?? 0, 'SIGKILL');
  await until(async () => (await heldAt(port)) === undefined, 'a server that was killed still answers');
  await until(async () => (await heldAt(port)) !== undefined, 'a server that was killed is not started again');
  const openMs = performance.now();
  await until(async () => ((await heldAt(port)) ?? 0) >= clients, 'a server that joined did not come to know all');
  return { ms: performance.now() - openMs, clients };
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const startedMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedMs > loadsWithinMs) throw new Error(otherwise);
    await pause(lookEveryMs);
  }
}

/** How many clients a server says that it holds; undefined while it does not answer. */
async function heldAt(port: number): Promise<number | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/herd`);
    return ((await answer.json()) as { readonly locations: number }).locations;
  } catch {
    return undefined;
  }
}
