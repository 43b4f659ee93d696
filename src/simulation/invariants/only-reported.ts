import { parseCommand } from '../../protocol/command.js';
import type { ClientId } from '../../protocol/ids.js';
import type { Location } from '../../protocol/location.js';
import type { WorldEvent } from '../world.js';
import type { Breach, Invariant } from './invariant.js';

/** What a client reported, and where. */
type Report = Pick<Location, 'server' | 'position' | 'time'>;

/** Every location that a server holds was reported by a client, and is as the first server wrote it. */
export class OnlyReported implements Invariant {
  readonly name = 'only-reported';
  readonly sees = ['asked', 'learned'] as const;
  private readonly reported = new Map<ClientId, Report[]>();
  /** The locations that came of reports. */
  private readonly taken = new Map<ClientId, Location[]>();

  see(event: WorldEvent): Breach | undefined {
    if (event.kind === 'learned') return event.from === undefined ? this.takeReport(event) : this.takeNews(event);
    if (event.kind !== 'asked' || !event.line.startsWith('IAMAT')) return undefined;
    const command = parseCommand(event.line, 0);
    if (command.kind === 'IAMAT') {
      const { client, position, time } = command;
      listOf(this.reported, client).push({ server: event.server, position, time });
    }
    return undefined;
  }

  private takeReport({ server, location }: { server: string; location: Location }): Breach | undefined {
    listOf(this.taken, location.client).push(location);
    const wasReported = (report: Report) =>
      report.time === location.time && report.position === location.position && report.server === server;
    if (location.server === server && this.reported.get(location.client)?.findLast(wasReported)) return undefined;
    return { server: location.server, text: `${server} holds ${location.line}, which no client reported to it` };
  }

  private takeNews({ server, location }: { server: string; location: Location }): Breach | undefined {
    // What is new was taken last.
    if (this.taken.get(location.client)?.findLast((taken) => isSame(taken, location))) return undefined;
    const text = `${server} holds ${location.line}, which no server ever got from a client`;
    return { server: location.server, text };
  }
}

function isSame(a: Location, b: Location): boolean {
  return a.time === b.time && a.server === b.server && a.position === b.position && a.skew === b.skew;
}

function listOf<Item>(lists: Map<ClientId, Item[]>, client: ClientId): Item[] {
  let list = lists.get(client);
  if (list === undefined) lists.set(client, (list = []));
  return list;
}
