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

  constructor(private readonly clock: Clock) {}

  /** Writes the changes of the machine's server. */
  observe(event: SimulationEvent): void {
    if (event.kind === 'learned') this.queueChange(event.location.client, event.location);
    else if (event.kind === 'evicted') this.queueChange(event.location.client, undefined);
  }

  /** The process was killed: what was not yet written is lost. */
  processKilled(): void {
    this.flushDue();
    this.unwritten = [];
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

  private queueChange(client: ClientId, location: Location | undefined): void {
    this.unwritten.push({ client, location, atMs: this.clock.monotonicMs() });
    if (this.unwritten.length > maxUnwrittenChanges) this.flushDue();
  }

  private flushDue(): void {
    const writtenMs = this.clock.monotonicMs() - flushDelayMs;
    const index = this.unwritten.findIndex(({ atMs }) => atMs > writtenMs);
    for (const { client, location } of this.unwritten.splice(0, index < 0 ? this.unwritten.length : index)) {
      if (location === undefined) this.written.delete(client);
      else this.written.set(client, location);
    }
  }
}

/** Maximum number of unwritten changes in the list before old ones are removed from it. */
const maxUnwrittenChanges = 1_000;
