import type { ByteString } from '../../protocol/text/bytes.js';
import type { Location } from '../../protocol/place/location.js';
import type { Limits } from '../../actors/ports/limits.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';
import { locationReportKey, commandReportKey } from './report-keys.js';

/** Every stored location was reported by a client and is unchanged since the first server wrote it. */
export class Integrity implements Invariant {
  readonly name = 'integrity';
  readonly observedKinds = ['command-sent', 'learned'] as const;
  /** Reports of clients, by `locationReportKey`. */
  private readonly reported = new Set<string>();
  /** AT lines of locations that were created from reports. */
  private readonly acceptedLines = new Set<ByteString>();

  constructor(private readonly limits: Pick<Limits, 'maxClientIdBytes'>) {}

  onEvent(event: SimulationEvent): Violation | undefined {
    if (event.kind === 'learned')
      return event.from === undefined ? this.checkReport(event) : this.checkReplicated(event);
    if (event.kind !== 'command-sent') return undefined;
    const key = commandReportKey(event.server, event.line, this.limits.maxClientIdBytes);
    if (key !== undefined) this.reported.add(key);
    return undefined;
  }

  private checkReport({ server, location }: { server: string; location: Location }): Violation | undefined {
    this.acceptedLines.add(location.line);
    if (location.server === server && this.reported.has(locationReportKey(server, location))) return undefined;
    return { server: location.server, text: `${server} stores ${location.line}, which no client reported to it` };
  }

  private checkReplicated({ server, location }: { server: string; location: Location }): Violation | undefined {
    if (this.acceptedLines.has(location.line)) return undefined;
    const text = `${server} stores ${location.line}, which no server received from a client`;
    return { server: location.server, text };
  }
}
