import { parseCommand } from '../../protocol/command.js';
import type { ByteString } from '../../protocol/bytes.js';
import { formatAt, type Location } from '../../protocol/location.js';
import type { WorldEvent } from '../world.js';
import type { Breach, Invariant } from './invariant.js';

/** Every location that a server holds was reported by a client, and is as the first server wrote it. */
export class OnlyReported implements Invariant {
  readonly name = 'only-reported';
  /** What clients have reported: server, client, position and time. */
  private readonly reported = new Set<string>();
  /** The locations that came of it. */
  private readonly taken = new Set<ByteString>();

  see(event: WorldEvent): Breach | undefined {
    if (event.kind === 'asked') {
      const command = event.line.startsWith('IAMAT') ? parseCommand(event.line, 0) : undefined;
      if (command?.kind === 'IAMAT') this.reported.add(keyOf({ ...command, server: event.server }));
      return undefined;
    }
    if (event.kind !== 'learned') return undefined;
    return event.from === undefined ? this.takeReport(event) : this.takeNews(event);
  }

  private takeReport({ server, location }: { server: string; location: Location }): Breach | undefined {
    this.taken.add(formatAt(location));
    if (location.server === server && this.reported.has(keyOf(location))) return undefined;
    return { server: location.server, text: `${server} holds ${formatAt(location)}, which no client reported to it` };
  }

  private takeNews({ server, location }: { server: string; location: Location }): Breach | undefined {
    const at = formatAt(location);
    if (this.taken.has(at)) return undefined;
    return { server: location.server, text: `${server} holds ${at}, which no server ever got from a client` };
  }
}

function keyOf({ server, client, position, time }: Pick<Location, 'server' | 'client' | 'position' | 'time'>): string {
  return `${server} ${client} ${position} ${time}`;
}
