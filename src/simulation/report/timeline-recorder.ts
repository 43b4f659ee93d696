import type { RunResult } from '../run/result.js';
import type { RunNews, TraceEvent } from '../run/trace.js';
import type { Scenario } from '../scenario/scenario.js';
import { engine, waysOf } from '../scenario/links-in.js';
import { FaultBands } from './fault-bands.js';
import { MessageLog } from './message-log.js';
import { replayCommand } from './replay-command.js';
import type { Mark, StepMark, TimelineData } from './timeline-data.js';

/** Marks that a page holds: links that flap all the time would fill it without telling more. */
const marksMax = 20_000;

/** Gathers what a timeline draws, as a run goes. */
export class TimelineRecorder {
  /** Those that have a lane: the servers, and the engine if there is one. */
  private readonly servers: readonly string[];
  private readonly messages: MessageLog;
  private readonly bands: FaultBands;
  private readonly marks: Mark[] = [];
  private readonly steps: (StepMark & { readonly remarks: string[] })[] = [];
  /** The links that are up, as each end sees them. */
  private readonly live = new Set<string>();
  private marksLeftOut = 0;

  /** @param messagesMax messages that are kept, where a test wants fewer than a page can hold */
  constructor({ herd, steps }: Pick<Scenario, 'herd' | 'steps'>, messagesMax?: number) {
    const servers = [...waysOf(herd).keys()];
    this.servers = servers;
    this.messages = new MessageLog(servers, messagesMax);
    this.bands = new FaultBands(servers, steps);
  }

  /** Takes in what is heard of a run. */
  note(atMs: number, event: RunNews): void {
    if (event.kind === 'remark') return this.remark(event.text);
    this.bands.note(atMs, event);
    switch (event.kind) {
      case 'carried':
        return this.messages.note(atMs, event);
      case 'step':
        this.steps.push({ atMs, text: event.text, place: event.place, remarks: [] });
        return;
      case 'violation':
        return this.messages.stay();
      case 'failed':
        return this.mark('failure', atMs, event.server, event.text);
      case 'link':
        return this.noteLink(atMs, event);
      case 'bucket':
        return this.noteBucket(atMs, event);
      default:
        return;
    }
  }

  /** Everything, when the run has ended. */
  data(result: Omit<RunResult, 'trace'>): TimelineData {
    const { leftOut, ...messages } = this.messages.data(result.simulatedMs);
    return {
      result,
      again: replayCommand(result),
      servers: this.servers,
      ...messages,
      bands: this.bands.end(result.simulatedMs),
      marks: this.marks,
      steps: this.steps,
      leftOut: { ...leftOut, marks: this.marksLeftOut },
    };
  }

  /** What is remarked is remarked of the step that was done last. */
  private remark(text: string): void {
    this.steps.at(-1)?.remarks.push(text);
  }

  /** Links that come up, and those that were up and go down; not each try of one that is down. */
  private noteLink(atMs: number, { server, neighbour, state, reason }: Extract<TraceEvent, { kind: 'link' }>): void {
    const key = `${server}>${neighbour}`;
    if (state === 'catching-up') return;
    const because = reason === '' ? '' : `: ${reason}`;
    if (state === 'live') {
      this.live.add(key);
      this.mark('link up', atMs, server, `the link to ${neighbour} is live${because}`);
    } else if (this.live.delete(key)) {
      this.mark('link down', atMs, server, `the link to ${neighbour} is down${because}`);
    }
  }

  private noteBucket(atMs: number, { server, state, reason }: Extract<TraceEvent, { kind: 'bucket' }>): void {
    const key = `${server}>${engine}`;
    if (state === 'live') {
      if (this.live.has(key)) return;
      this.live.add(key);
      this.mark('link up', atMs, server, 'the bucket is live');
    } else if (state === 'blocked' || state === 'away') {
      if (this.live.delete(key)) this.mark('link down', atMs, server, `the bucket is ${state}: ${reason}`);
    }
  }

  private mark(kind: Mark['kind'], atMs: number, server: string, text: string): void {
    if (this.marks.length < marksMax) this.marks.push({ kind, atMs, lane: this.servers.indexOf(server), text });
    else this.marksLeftOut += 1;
  }
}
