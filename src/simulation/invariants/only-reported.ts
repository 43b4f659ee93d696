import type { ByteString } from '../../protocol/bytes.js';
import { parseCommand, type CommandBounds } from '../../protocol/command.js';
import type { Location } from '../../protocol/location.js';
import type { Limits } from '../../actors/limits.js';
import type { WorldEvent } from '../world.js';
import type { Breach, Invariant } from './invariant.js';

/** Every location that a server holds was reported by a client, and is as the first server wrote it. */
export class OnlyReported implements Invariant {
  readonly name = 'only-reported';
  readonly sees = ['asked', 'learned'] as const;
  /** What clients reported, and where: see `wordOf`. */
  private readonly reported = new Set<string>();
  /** The lines of the locations that came of reports. */
  private readonly taken = new Set<ByteString>();
  private readonly bounds: CommandBounds;

  constructor({ clientIdBytesMax }: Pick<Limits, 'clientIdBytesMax'>) {
    this.bounds = { countMax: 0, clientIdBytesMax };
  }

  see(event: WorldEvent): Breach | undefined {
    if (event.kind === 'learned') return event.from === undefined ? this.takeReport(event) : this.takeNews(event);
    if (event.kind !== 'asked' || !event.line.startsWith('IAMAT')) return undefined;
    const command = parseCommand(event.line, this.bounds);
    if (command.kind === 'IAMAT') this.reported.add(wordOf(event.server, command));
    return undefined;
  }

  private takeReport({ server, location }: { server: string; location: Location }): Breach | undefined {
    this.taken.add(location.line);
    if (location.server === server && this.reported.has(wordOf(server, location))) return undefined;
    return { server: location.server, text: `${server} holds ${location.line}, which no client reported to it` };
  }

  private takeNews({ server, location }: { server: string; location: Location }): Breach | undefined {
    if (this.taken.has(location.line)) return undefined;
    const text = `${server} holds ${location.line}, which no server ever got from a client`;
    return { server: location.server, text };
  }
}

/** What a client reported, and where, in one word. */
function wordOf(server: string, { client, position, time }: Pick<Location, 'client' | 'position' | 'time'>): string {
  return `${server} ${client} ${position} ${time}`;
}
