import { leafOf, partitionOfLeaf } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Clock } from '../../actors/ports/clock.js';
import type { SimulationEvent } from '../environment.js';

/** Milliseconds until changes are written, and so the most that a kill loses. */
const flushDelayMs = 200;

/** A change, with its time. */
interface Change {
  readonly client: ClientId;
  /** Undefined: the client was evicted. */
  readonly location: Location | undefined;
  readonly atMs: number;
}

/** A machine's disk: contains what a server learned, except for the last moments before its process was killed. */
export class SimulatedDisk {
  private readonly written = new Map<ClientId, Location>();
  private unwritten: Change[] = [];
  /** Partitions that the server holds. */
  private readonly held = new Set<number>();

  /** @param isPartitioned whether servers hold partitions: locations of others are not written */
  constructor(
    private readonly clock: Clock,
    private readonly isPartitioned: boolean,
  ) {}

  /** Writes the changes of the machine's server. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'learned':
        if (this.isHeld(event.location.client)) this.queueChange(event.location.client, event.location);
        return;
      case 'evicted':
        return this.queueChange(event.location.client, undefined);
      case 'partition':
        if (event.state === 'none') this.held.delete(event.partition);
        else this.held.add(event.partition);
        return;
      default:
        return;
    }
  }

  /** The process was killed: what was not yet written is lost. */
  processKilled(): void {
    this.flushUntil(this.clock.monotonicMs() - flushDelayMs);
    this.unwritten = [];
    this.held.clear();
  }

  /** The process has ended in an orderly way. */
  processEnded(): void {
    this.flushUntil(Infinity);
    this.held.clear();
  }

  /** Reads the locations for a start. */
  read(): readonly Location[] {
    return [...this.written.values()];
  }

  /** Deletes everything. */
  erase(): void {
    this.written.clear();
    this.unwritten = [];
  }

  private isHeld(client: ClientId): boolean {
    return !this.isPartitioned || this.held.has(partitionOfLeaf(leafOf(client)));
  }

  private queueChange(client: ClientId, location: Location | undefined): void {
    this.unwritten.push({ client, location, atMs: this.clock.monotonicMs() });
    if (this.unwritten.length > maxUnwrittenChanges) this.flushUntil(this.clock.monotonicMs() - flushDelayMs);
  }

  private flushUntil(writtenMs: number): void {
    const index = this.unwritten.findIndex(({ atMs }) => atMs > writtenMs);
    for (const { client, location } of this.unwritten.splice(0, index < 0 ? this.unwritten.length : index)) {
      if (location === undefined) this.written.delete(client);
      else this.written.set(client, location);
    }
  }
}

/** Maximum number of unwritten changes in the list before old ones are removed from it. */
const maxUnwrittenChanges = 1_000;
