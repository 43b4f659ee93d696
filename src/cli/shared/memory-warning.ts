import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { memoryBoundOfProcess } from '../../runtime/host/memory-bound.js';

/** What a machine has. */
export interface MachineMemory {
  /** Memory that processes may take together, in bytes. */
  readonly bytes: number;
  /** The heap that V8 lets a process have, in bytes. */
  readonly heapBytesMax: number;
}

/** Of this machine, or of the control group that this process is in, if that is less. */
export function memoryHere(): MachineMemory {
  // 0, or more than any machine has, where there is no limit.
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return { bytes, heapBytesMax: getHeapStatistics().heap_size_limit };
}

/**
 * Says that clients could make servers take more memory than there is, and what to lower; undefined if they could not.
 * @param processes the servers of each process
 */
export function memoryWarning(
  config: HerdConfig,
  processes: readonly ReadonlySet<ServerId>[],
  { bytes, heapBytesMax }: MachineMemory,
): string | undefined {
  const boundWith = (connectionsMax: number) => {
    const limited = { ...config, limits: { ...config.limits, connectionsMax } };
    return processes.reduce((sum, hosted) => sum + memoryBoundOfProcess(limited, hosted, heapBytesMax), 0);
  };
  const { connectionsMax } = config.limits;
  const bound = boundWith(connectionsMax);
  if (bound <= bytes) return undefined;
  const without = boundWith(0);
  const fitting = Math.floor((connectionsMax * (bytes - without)) / (bound - without));
  const advice =
    fitting > 0
      ? `lower limits.connectionsMax to ${fitting}`
      : 'lower limits.storeBytesMax, limits.backlogBytesInAllMax and limits.connectionsMax';
  return `clients could make these servers take ${gibibytes(bound)} of memory, and there are ${gibibytes(bytes)}: ${advice}, or add memory ("herd check" shows the parts)`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1_073_741_824).toFixed(1)} GiB`;
}
