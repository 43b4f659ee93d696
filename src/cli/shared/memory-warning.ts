import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { processMemoryBoundBytes } from '../../runtime/host/memory-bound.js';

/** What a machine has. */
export interface MachineMemory {
  /** Memory that processes may take together, in bytes. */
  readonly bytes: number;
  /** The heap that V8 lets a process have, in bytes. */
  readonly maxHeapBytes: number;
}

/** Of this machine, or of the control group that this process is in, if that is less. */
export function readMachineMemory(): MachineMemory {
  // 0, or more than any machine has, where there is no limit.
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return { bytes, maxHeapBytes: getHeapStatistics().heap_size_limit };
}

/**
 * Says that clients could make servers take more memory than there is, and what to lower; undefined if they could not.
 * @param processes the servers of each process
 */
export function memoryWarning(
  config: HerdConfig,
  processes: readonly ReadonlySet<ServerId>[],
  { bytes, maxHeapBytes }: MachineMemory,
): string | undefined {
  const boundFor = (maxConnections: number) => {
    const limited = { ...config, limits: { ...config.limits, maxConnections } };
    return processes.reduce((sum, hosted) => sum + processMemoryBoundBytes(limited, hosted, maxHeapBytes), 0);
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
  return `clients could make these servers take ${gibibytes(bound)} of memory, and there are ${gibibytes(bytes)}: ${advice}, or add memory ("herd check" shows the parts)`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1_073_741_824).toFixed(1)} GiB`;
}
