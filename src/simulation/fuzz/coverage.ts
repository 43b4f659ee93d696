import type { ServerId } from '../../protocol/place/ids.js';
import type { Scenario } from '../scenario/scenario.js';
import type { WorldEvent } from '../environment.js';
import { BucketCoverage } from './bucket-coverage.js';
import { pathsOf, type Path } from './coverage-goals.js';

/** Locations of one page of a catch-up, at most. */
const pageLocationsMax = 500;

/** Reasons by which a link tells what happened to it. */
const reasons: Readonly<Record<string, Path>> = {
  ECONNREFUSED: 'a call was refused',
  ECONNRESET: 'a connection was reset',
  'no hello in time': 'a call got no hello in time',
  'the neighbour gives no sign of life': 'a silent neighbour was found',
};

/** Counts, of one run, what it met of `paths`. */
export class Coverage {
  readonly counts: Partial<Record<Path, number>> = {};
  private readonly started = new Set<ServerId>();
  /** The state of each link, `Blake>Bryant`, as its server has it. */
  private readonly links = new Map<string, string>();
  /** Locations told since a neighbour said that it had compared, by link. */
  private readonly pages = new Map<string, number>();
  private readonly sought = new Set<string>();
  private readonly bucket = new BucketCoverage((path) => this.count(path));

  constructor({ herd, steps }: Scenario) {
    this.count(herd.spread === 'nats' ? 'a herd that spreads by NATS' : 'a herd that floods');
    for (const { action } of steps) for (const path of pathsOf(action)) this.count(path);
  }

  /** Takes in what happened. */
  note(event: WorldEvent): void {
    this.bucket.note(event);
    switch (event.kind) {
      case 'told':
        return this.noteLine(`${event.server}>${event.neighbour}`, `${event.neighbour}>${event.server}`, event.line);
      case 'link':
        return this.noteLink(event);
      case 'clock':
        if (event.state === 'differs') this.count("a server's clock was found to be wrong");
        return;
      case 'no-room':
        return this.count('a location waited for room');
      case 'backlog-dropped':
        return this.count('what waited for a neighbour was dropped');
      case 'forgotten':
        return this.count('a location was forgotten for want of room');
      case 'turned-away':
        return this.count(event.who === 'server' ? 'a caller was turned away' : 'a client was turned away');
      case 'unanswered':
        return this.count('an answer never came');
      case 'answered':
        return this.noteAnswer(event.command ?? '', event.lines);
      case 'learned':
        if (event.from !== undefined && this.sought.delete(`${event.server} ${event.location.client}`)) {
          this.count('a search found a client');
        }
        return;
      case 'started':
        if (this.started.has(event.server)) {
          const isEmpty = event.remembered.length === 0;
          this.count(isEmpty ? 'a server came back empty' : 'a server came back from its disk');
        }
        this.started.add(event.server);
        return;
      default:
        return;
    }
  }

  private count(path: Path): void {
    this.counts[path] = (this.counts[path] ?? 0) + 1;
  }

  private noteLine(way: string, back: string, line: string): void {
    const [word = ''] = line.split(' ', 1);
    switch (word) {
      case 'AT': {
        const told = this.pages.get(way);
        if (told !== undefined) this.pages.set(way, told + 1);
        return;
      }
      case 'COMPARED':
        this.pages.set(back, 0);
        return;
      case 'CAUGHT-UP': {
        const told = this.pages.get(way) ?? 0;
        if (told > pageLocationsMax) this.count('a catch-up took more than one page');
        this.pages.delete(way);
        return;
      }
      case 'BUCKETS':
        if (this.links.get(way) === 'live') this.count('live neighbours were found to differ');
        return this.count('a comparison found buckets that differ');
      case 'SEEK':
        this.sought.add(`${way.split('>')[0] ?? ''} ${line.split(' ')[3] ?? ''}`);
        return this.count('the herd was asked for a client');
      case 'UNKNOWN':
        return this.count('a search found nobody');
      default:
        return;
    }
  }

  private noteLink({ server, neighbour, state, reason }: Extract<WorldEvent, { kind: 'link' }>): void {
    const way = `${server}>${neighbour}`;
    const before = this.links.get(way);
    this.links.set(way, state);
    const path = reasons[reason];
    if (path !== undefined) this.count(path);
    if (state === 'backoff') this.count('a link backed off');
    if (state === 'live') this.count('a neighbour caught up');
    if (state === 'catching-up' && (before === 'live' || before === 'catching-up')) {
      this.count('a wire was replaced by a new call');
    }
  }

  private noteAnswer(command: string, [first = '', second = '']: readonly string[]): void {
    if (first.startsWith('? ') && command.startsWith('IAMAT')) this.count('a command was invalid');
    if (second.startsWith('{"error"')) this.count('a question was answered with the error of the upstream');
  }
}
