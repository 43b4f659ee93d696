import type { ByteString } from '../../protocol/text/bytes.js';
import type { Location } from '../../protocol/place/location.js';
import type { Limits } from '../../actors/ports/limits.js';
import type { WorldEvent } from '../environment.js';
import type { Breach, Invariant } from './invariant.js';
import { reportKey, reportKeyOf } from './reports.js';

/** Every location that a server holds was reported by a client, and is as the first server wrote it. */
export class OnlyReported implements Invariant {
  readonly name = 'only-reported';
  readonly sees = ['asked', 'learned'] as const;
  /** What clients reported, and where: see `reportKey`. */
  private readonly reported = new Set<string>();
  /** The lines of the locations that came of reports. */
  private readonly taken = new Set<ByteString>();

  constructor(private readonly limits: Pick<Limits, 'clientIdBytesMax'>) {}

  see(event: WorldEvent): Breach | undefined {
    if (event.kind === 'learned') return event.from === undefined ? this.takeReport(event) : this.takeNews(event);
    if (event.kind !== 'asked') return undefined;
    const key = reportKeyOf(event.server, event.line, this.limits.clientIdBytesMax);
    if (key !== undefined) this.reported.add(key);
    return undefined;
  }

  private takeReport({ server, location }: { server: string; location: Location }): Breach | undefined {
    this.taken.add(location.line);
    if (location.server === server && this.reported.has(reportKey(server, location))) return undefined;
    return { server: location.server, text: `${server} holds ${location.line}, which no client reported to it` };
  }

  private takeNews({ server, location }: { server: string; location: Location }): Breach | undefined {
    if (this.taken.has(location.line)) return undefined;
    const text = `${server} holds ${location.line}, which no server ever got from a client`;
    return { server: location.server, text };
  }
}
