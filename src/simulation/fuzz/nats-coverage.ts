import { leafOf, partitionOfLeaf } from '../../protocol/place/digest.js';
import { asClientId, type ServerId } from '../../protocol/place/ids.js';
import type { PartitionState } from '../../actors/bus/events.js';
import { isBrokerNode } from '../scenario/links-in.js';
import type { SimulationEvent } from '../environment.js';
import type { CoverageGoal } from './coverage-goals.js';

/** Coverage goals by the reason why a connection to the broker was lost or could not be opened. */
const goalByReason: Readonly<Record<string, CoverageGoal>> = {
  'connection refused': 'the broker refused a connection',
  'no response from the broker in time': 'the broker did not answer a connection attempt',
  'the connection was reset': 'a connection to the broker was reset',
  'stale connection': 'a silent broker was detected',
};

/** Coverage goals by the keyword of a message to another server. */
const goalByKeyword: Readonly<Record<string, CoverageGoal>> = {
  MISSED: 'a holder asked for reports that it had missed',
  CONFIRM: 'a holder confirmed reports',
  PULLED: 'a partition was handed over',
  LEAVE: 'a member announced that it leaves',
};

/** Counts the faults and recoveries that a run on NATS met. */
export class NatsCoverage {
  /** The state of each partition at each server, by both. */
  private readonly states = new Map<string, PartitionState>();
  /** Partitions that were received from another server while they were filled, by server and partition. */
  private readonly received = new Set<string>();
  private readonly members = new Map<ServerId, readonly ServerId[]>();
  /** Reports that were published for their partitions, by client: the last one and the server. */
  private readonly published = new Map<string, string>();

  constructor(private readonly count: (path: CoverageGoal) => void) {}

  /** Processes an event. */
  observe(event: SimulationEvent): void {
    switch (event.kind) {
      case 'nats': {
        const goal = event.state === 'backoff' ? goalByReason[event.reason] : undefined;
        if (goal !== undefined) this.count(goal);
        return;
      }
      case 'members': {
        const before = this.members.get(event.server) ?? [];
        this.members.set(event.server, event.members);
        if (before.some((member) => !event.members.includes(member))) this.count('a member was removed');
        return;
      }
      case 'partition':
        return this.recordState(event);
      case 'partition-page':
        return this.recordPage(event);
      case 'evicted':
        if (event.reason === 'moved') this.count('a location was moved to other servers');
        return;
      case 'line-sent':
        return this.recordLine(event);
      case 'response-received':
        return this.recordResponse(event);
      case 'down':
        for (const key of this.states.keys()) if (key.startsWith(`${event.server} `)) this.states.delete(key);
        this.members.delete(event.server);
        return;
      default:
        return;
    }
  }

  private recordState({ server, partition, state }: Extract<SimulationEvent, { kind: 'partition' }>): void {
    const key = `${server} ${partition}`;
    const before = this.states.get(key);
    this.states.set(key, state);
    if (state === 'filling') this.received.delete(key);
    if (before === 'filling' && state === 'complete' && this.received.has(key))
      this.count('a partition was filled from another server');
    if (before === 'complete' && state === 'filling') this.count('a partition was filled again');
    if (before === 'leaving' && state === 'none') this.count('a partition was dropped');
    if (before === 'leaving' && (state === 'complete' || state === 'filling'))
      this.count('a partition was to be dropped, and then kept');
  }

  private recordPage({ server, partition, locations }: Extract<SimulationEvent, { kind: 'partition-page' }>): void {
    if (locations === 0) return;
    const key = `${server} ${partition}`;
    this.received.add(key);
    if (this.states.get(key) === 'complete') this.count('holders were found to differ');
  }

  private recordLine({ server, line }: Extract<SimulationEvent, { kind: 'line-sent' }>): void {
    if (isBrokerNode(server)) return;
    if (!line.startsWith('AT ')) {
      const goal = goalByKeyword[line.split(' ', 1)[0] ?? ''];
      if (goal !== undefined) this.count(goal);
      return;
    }
    if (!line.startsWith(`AT ${server} `)) return;
    const client = line.split(' ', 4)[3] ?? '';
    if (this.published.get(client) === line && !this.isHeld(server, client)) this.count('a report was published again');
    this.published.set(client, line);
  }

  private recordResponse({
    server,
    command = '',
    lines: [first = ''],
  }: Extract<SimulationEvent, { kind: 'response-received' }>): void {
    if (!command.startsWith('WHATSAT ')) return;
    const client = command.split(' ', 2)[1] ?? '';
    if (this.isHeld(server, client)) return;
    this.count(
      first.startsWith('AT ') ? 'a client of another server was located' : 'a client of another server was not located',
    );
  }

  private isHeld(server: ServerId, client: string): boolean {
    const partition = partitionOfLeaf(leafOf(asClientId(client)));
    return (this.states.get(`${server} ${partition}`) ?? 'none') !== 'none';
  }
}
