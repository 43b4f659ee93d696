import type { RunResult } from '../run/result.js';
import type { RunEvent, TraceEvent } from '../run/trace.js';
import type { Scenario } from '../scenario/scenario.js';
import { initialServers } from '../scenario/initial-servers.js';
import { linksIn } from '../scenario/links-in.js';
import { FaultBands } from './fault-bands.js';
import { MessageLog } from './message-log.js';
import { formatReplayCommand } from './replay-command.js';
import type { TimelineMark, StepMark, TimelineData } from './timeline-data.js';

/** Maximum number of marks in a page: more would only come from links that flap all the time. */
const maxMarks = 20_000;

/** Records the data of a timeline while a run goes on. */
export class TimelineRecorder {
  /** Names of the lanes: the servers, and the broker nodes if there are any. */
  private readonly lanes: readonly string[];
  private readonly messages: MessageLog;
  private readonly bands: FaultBands;
  private readonly marks: TimelineMark[] = [];
  private readonly steps: (StepMark & { readonly remarks: string[] })[] = [];
  /** Live links, as seen by each end, and servers that are live on NATS. */
  private readonly liveLinks = new Set<string>();
  private omittedMarks = 0;

  /** @param messagesMax maximum number of messages, if a test needs fewer than the default */
  constructor({ herd, steps }: Pick<Scenario, 'herd' | 'steps'>, messagesMax?: number) {
    const servers = [...linksIn(herd).keys()];
    this.lanes = servers;
    this.messages = new MessageLog(servers, messagesMax);
    const initial = initialServers({ herd, steps });
    const absent = [...herd.topology.keys()].filter((server) => !initial.includes(server));
    this.bands = new FaultBands(servers, steps, absent);
  }

  /** Records an event. */
  observe(atMs: number, event: RunEvent): void {
    if (event.kind === 'remark') return this.addRemark(event.text);
    this.bands.observe(atMs, event);
    switch (event.kind) {
      case 'delivered':
        return this.messages.add(atMs, event);
      case 'step':
        this.steps.push({ atMs, text: event.text, sourceLine: event.sourceLine, remarks: [] });
        return;
      case 'violation':
        return this.messages.freeze();
      case 'failed':
        return this.addMark('failure', atMs, event.server, event.text);
      case 'link':
        return this.recordLink(atMs, event);
      case 'nats':
        return this.recordNats(atMs, event);
      default:
        return;
    }
  }

  /** Returns the data when the run has ended. */
  data(result: Omit<RunResult, 'trace'>): TimelineData {
    const { omitted, ...messages } = this.messages.data(result.simulatedMs);
    return {
      result,
      replayCommand: formatReplayCommand(result),
      lanes: this.lanes,
      ...messages,
      bands: this.bands.finish(result.simulatedMs),
      marks: this.marks,
      steps: this.steps,
      omitted: { ...omitted, marks: this.omittedMarks },
    };
  }

  /** A remark belongs to the latest step. */
  private addRemark(text: string): void {
    this.steps.at(-1)?.remarks.push(text);
  }

  /** Records links that come up, and live links that go down; not each attempt of a link that is down. */
  private recordLink(atMs: number, { server, neighbour, state, reason }: Extract<TraceEvent, { kind: 'link' }>): void {
    const key = `${server}>${neighbour}`;
    if (state === 'catching-up') return;
    const because = reason === '' ? '' : `: ${reason}`;
    if (state === 'live') {
      this.liveLinks.add(key);
      this.addMark('link up', atMs, server, `the link to ${neighbour} is live${because}`);
    } else if (this.liveLinks.delete(key)) {
      this.addMark('link down', atMs, server, `the link to ${neighbour} is down${because}`);
    }
  }

  /** Records when a server has connected to NATS and holds its partitions completely, and when it loses the connection. */
  private recordNats(atMs: number, { server, state, reason }: Extract<TraceEvent, { kind: 'nats' }>): void {
    if (state === 'live') {
      if (this.liveLinks.has(server)) return;
      this.liveLinks.add(server);
      this.addMark('link up', atMs, server, 'live on NATS');
    } else if (state === 'backoff' || state === 'stopped') {
      const because = reason === '' ? '' : `: ${reason}`;
      if (this.liveLinks.delete(server))
        this.addMark('link down', atMs, server, `the connection to NATS is down${because}`);
    }
  }

  private addMark(kind: TimelineMark['kind'], atMs: number, server: string, text: string): void {
    if (this.marks.length < maxMarks) this.marks.push({ kind, atMs, lane: this.lanes.indexOf(server), text });
    else this.omittedMarks += 1;
  }
}
