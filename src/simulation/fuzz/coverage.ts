import type { ServerId } from '../../protocol/place/ids.js';
import type { Scenario } from '../scenario/scenario.js';
import type { SimulationEvent } from '../environment.js';
import { coverageGoalsFor, type CoverageGoal } from './coverage-goals.js';
import { NatsCoverage } from './nats-coverage.js';

/** Maximum locations in one page of a catch-up. */
const maxPageLocations = 500;

/** Coverage goals by the reason of a link state change. */
const goalByReason: Readonly<Record<string, CoverageGoal>> = {
  ECONNREFUSED: 'a connection was refused',
  ECONNRESET: 'a connection was reset',
  'handshake timeout': 'a handshake timed out',
  'heartbeat timeout': 'a heartbeat timeout was detected',
};

/** Counts how often one run met each of `coverageGoals`. */
export class Coverage {
  readonly counts: Partial<Record<CoverageGoal, number>> = {};
  private readonly started = new Set<ServerId>();
  /** State of each link as seen by its first server, e.g. `Blake>Bryant`. */
  private readonly linkStates = new Map<string, string>();
  /** Locations sent since a neighbour reported a comparison, by link. */
  private readonly catchUpCounts = new Map<string, number>();
  private readonly lookedUp = new Set<string>();
  /** Undefined in a herd that floods. */
  private readonly nats: NatsCoverage | undefined;

  constructor({ herd, steps }: Scenario) {
    const isOnNats = herd.replication.kind === 'nats';
    this.nats = isOnNats ? new NatsCoverage((path) => this.count(path)) : undefined;
    this.count(isOnNats ? 'a herd that replicates through NATS' : 'a herd that replicates by flooding');
    for (const { action } of steps) for (const path of coverageGoalsFor(action)) this.count(path);
  }

  /** Processes an event. */
  observe(event: SimulationEvent): void {
    this.nats?.observe(event);
    switch (event.kind) {
      case 'line-sent':
        return this.recordLine(event);
      case 'link':
        return this.recordLink(event);
      case 'clock':
        if (event.state === 'differs') this.count('a wrong server clock was detected');
        return;
      case 'backpressure':
        return this.count('a peer link had backpressure');
      case 'backlog-dropped':
        return this.count('a peer output buffer was dropped');
      case 'evicted':
        if (event.reason === 'full') this.count('a location was evicted from a full store');
        return;
      case 'rejected':
        return this.count(event.peerKind === 'server' ? 'a peer was rejected' : 'a client was rejected');
      case 'response-lost':
        return this.count('a response was lost');
      case 'response-received':
        return this.recordResponse(event.command ?? '', event.lines);
      case 'learned':
        if (event.from !== undefined && this.lookedUp.delete(`${event.server} ${event.location.client}`)) {
          this.count('a lookup found a client');
        }
        return;
      case 'started':
        if (this.started.has(event.server)) {
          const isEmpty = event.restored.length === 0;
          this.count(isEmpty ? 'a server restarted empty' : 'a server restarted from its disk');
        }
        this.started.add(event.server);
        return;
      default:
        return;
    }
  }

  private count(goal: CoverageGoal): void {
    this.counts[goal] = (this.counts[goal] ?? 0) + 1;
  }

  private recordLine({ server, neighbour, line }: Extract<SimulationEvent, { kind: 'line-sent' }>): void {
    // Most lines are locations, outside of any catch-up, or heartbeats.
    if ((line.startsWith('AT ') && this.catchUpCounts.size === 0) || line.startsWith('BEAT ')) return;
    const link = `${server}>${neighbour}`;
    const [word = ''] = line.split(' ', 1);
    switch (word) {
      case 'AT': {
        const sentCount = this.catchUpCounts.get(link);
        if (sentCount !== undefined) this.catchUpCounts.set(link, sentCount + 1);
        return;
      }
      case 'COMPARED':
        this.catchUpCounts.set(`${neighbour}>${server}`, 0);
        return;
      case 'CAUGHT-UP': {
        const sentCount = this.catchUpCounts.get(link) ?? 0;
        if (sentCount > maxPageLocations) this.count('a catch-up took more than one page');
        this.catchUpCounts.delete(link);
        return;
      }
      case 'LEAVES':
        if (this.linkStates.get(link) === 'live') this.count('live neighbours were found to differ');
        return this.count('a comparison found differences');
      case 'SEEK':
        this.lookedUp.add(`${server} ${line.split(' ')[3] ?? ''}`);
        return this.count('a client was looked up');
      case 'UNKNOWN':
        return this.count('a lookup found no client');
      default:
        return;
    }
  }

  private recordLink({ server, neighbour, state, reason }: Extract<SimulationEvent, { kind: 'link' }>): void {
    const link = `${server}>${neighbour}`;
    const before = this.linkStates.get(link);
    this.linkStates.set(link, state);
    const goal = goalByReason[reason];
    if (goal !== undefined) this.count(goal);
    if (state === 'backoff') this.count('a link backed off');
    if (state === 'live') this.count('a neighbour caught up');
    if (state === 'catching-up' && (before === 'live' || before === 'catching-up')) {
      this.count('a connection was replaced by a new one');
    }
  }

  private recordResponse(command: string, [first = '', second = '']: readonly string[]): void {
    if (first.startsWith('? ') && command.startsWith('IAMAT')) this.count('a command was invalid');
    if (second.startsWith('{"error"')) this.count('a query was answered with an upstream error');
  }
}
