import { totalmem } from 'node:os';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { processMemoryBoundBytes } from '../../runtime/host/memory-bound.js';

/** Returns the memory of this machine in bytes, or of this process's control group if that is less. */
export function readMachineMemory(): number {
  // 0, or a huge number, if there is no limit.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Returns a warning if clients could make the servers exceed the machine's memory, with the limit to lower; else undefined.
 * @param processes servers of each process
 * @param bytes memory available to all processes together
 */
export function memoryWarning(
  config: HerdConfig,
  processes: readonly ReadonlySet<ServerId>[],
  bytes: number,
): string | undefined {
  const boundFor = (maxConnections: number) => {
    const limited = { ...config, limits: { ...config.limits, maxConnections } };
    return processes.reduce((sum, hosted) => sum + processMemoryBoundBytes(limited, hosted), 0);
  };
  const { maxConnections } = config.limits;
  const bound = boundFor(maxConnections);
  if (bound <= bytes) return undefined;
  const boundWithoutConnections = boundFor(0);
  const fittingConnections = Math.floor(
    (maxConnections * (bytes - boundWithoutConnections)) / (bound - boundWithoutConnections),
  );
  const advice =
    fittingConnections > 0
      ? `lower limits.maxConnections to ${fittingConnections}`
      : 'lower limits.maxStoreBytes, limits.maxTotalOutputBufferBytes and limits.maxConnections';
  return `clients could make these servers take ${gibibytes(bound)} of memory, more than the available ${gibibytes(bytes)}: ${advice}, or add memory (\`herd check\` shows the parts)`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1_073_741_824).toFixed(1)} GiB`;
}
