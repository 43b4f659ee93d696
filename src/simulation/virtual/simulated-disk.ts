import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { Clock } from '../../actors/ports/clock.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';

/** How long changes wait until they are on disk, in milliseconds: the most that a kill loses of them. */
const flushDelayMs = 200;

/** A change, and when it was made. */
interface Change {
  readonly client: ClientId;
  /** Undefined: the client was forgotten. */
  readonly location: Location | undefined;
  readonly atMs: number;
}

/** A machine's disk: holds what a server learned, but for the last moments before its process was killed. */
export class SimulatedDisk {
  private readonly written = new Map<ClientId, Location>();
  private unwritten: Change[] = [];

  constructor(private readonly clock: Clock) {}

  /** Writes down what happens on a bus from now on. */
  attach(bus: MessageBus): void {
    bus.on('locations-learned', ({ locations }) => {
      for (const location of locations) this.queueChange(location.client, location);
    });
    bus.on('location-evicted', ({ location }) => this.queueChange(location.client, undefined));
  }

  /** The process was killed: what was not yet written is lost. */
  processKilled(): void {
    this.flushDue();
    this.unwritten = [];
  }

  /** What is read at a start. */
  read(): readonly Location[] {
    return [...this.written.values()];
  }

  /** Forgets everything. */
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

/** Changes that wait at most before those that are old enough are written down; only to keep their list short. */
const maxUnwrittenChanges = 1_000;
