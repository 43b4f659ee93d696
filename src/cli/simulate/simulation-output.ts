import type { Topology } from '../../protocol/place/topology.js';
import { replayCommand } from '../../simulation/report/replay-command.js';
import type { MeasureResults, Percentiles } from '../../simulation/run/metrics.js';
import type { RunResult } from '../../simulation/run/result.js';
import type { RunNews, TraceEvent } from '../../simulation/run/trace.js';
import { engine } from '../../simulation/scenario/links-in.js';

/** Violations that are printed: the first tells most. */
const violationsShown = 5;

/** Tells what happens in a simulation, as it goes: steps, servers, links, and what broke. */
export class Timeline {
  private readonly links = new Map<string, 'live' | 'down'>();
  private violations = 0;

  constructor(
    private readonly topology: Topology,
    private readonly tell: (line: string) => void,
  ) {}

  note(atMs: number, event: RunNews): void {
    const text = this.textOf(event);
    if (text !== undefined) this.tell(`${seconds(atMs).padStart(10)}  ${text}`);
  }

  private textOf(event: RunNews): string | undefined {
    switch (event.kind) {
      case 'step':
        return `▶ ${event.text}`;
      case 'remark':
        return `  (${event.text})`;
      case 'violation':
        this.violations += 1;
        return this.violations <= violationsShown ? `✗ ${event.invariant}: ${event.text}` : undefined;
      case 'failed':
        return `! ${event.server} failed: ${event.text}`;
      case 'link':
        return this.linkText(event);
      case 'bucket':
        return this.bucketText(event);
      default:
        return undefined;
    }
  }

  private bucketText({ server, state, reason }: Extract<TraceEvent, { kind: 'bucket' }>): string | undefined {
    const is = state === 'live' ? 'live' : 'down';
    // On the way to being live again nothing is said: it began with what went wrong.
    if (state === 'connecting' || state === 'loading' || (this.links.get(server) ?? 'down') === is) return undefined;
    this.links.set(server, is);
    const words = { live: 'is live', blocked: 'takes nothing', away: 'is lost', stopped: 'is closed' }[state];
    return `  ${server} — ${engine} ${words}${reason === '' ? '' : ` (${reason})`}`;
  }

  /** Both ends tell of a link; one line is enough for both. */
  private linkText({ server, neighbour, state, reason }: Extract<TraceEvent, { kind: 'link' }>): string | undefined {
    const [one, other] = server < neighbour ? [server, neighbour] : [neighbour, server];
    if (this.topology.get(one)?.includes(other) !== true || state === 'catching-up') return undefined;
    const key = `${one} — ${other}`;
    const is = state === 'live' ? 'live' : 'down';
    if ((this.links.get(key) ?? 'down') === is) return undefined;
    this.links.set(key, is);
    return `  ${key} ${is === 'live' ? 'is live' : 'is lost'}${reason === '' ? '' : ` (${reason})`}`;
  }
}

/** What came of a run, for people. */
export function verdictOf(result: RunResult, tookMs: number): string {
  const { verdict, violations, measures, simulatedMs, world, unseen } = result;
  const [first] = violations;
  const lines = [
    '',
    first === undefined
      ? 'HELD: every invariant and expectation'
      : `VIOLATED at ${seconds(first.atMs)}: ${first.invariant}: ${first.text}`,
  ];
  if (verdict === 'violated') lines.push(`  ${violations.length} in all; again: ${replayCommand(result)}`);
  lines.push(...unseen.map((what) => `  not seen in the world of ${world}: ${what}`));
  lines.push(...measureLines(measures));
  lines.push(`  ${seconds(simulatedMs)} ${world === 'virtual' ? 'simulated' : 'played'} in ${seconds(tookMs)}`);
  return lines.join('\n');
}

function measureLines({ updates, timeToStableMs, messages, recoveries }: MeasureResults): string[] {
  const { attempted, acknowledged, stable, lost, stale } = updates;
  const lines = [
    `  updates      ${attempted} attempted, ${acknowledged} acknowledged, ${stable} stable, ${lost} lost, ${stale} stale`,
    `  to stable    ${percentileText(timeToStableMs)}`,
    `  messages     ${messages.perUpdate?.toFixed(2) ?? '–'} an update, of ${messages.minimum} at least`,
  ];
  for (const { atMs, step, recoveredAfterMs } of recoveries) {
    const after = recoveredAfterMs === undefined ? 'not recovered' : `recovered in ${seconds(recoveredAfterMs)}`;
    lines.push(`  ${seconds(atMs).padEnd(12)} ${step}: ${after}`);
  }
  return lines;
}

function percentileText({ p50, p95, p99, max }: Percentiles): string {
  if (p50 === undefined || p95 === undefined || p99 === undefined || max === undefined) return '–';
  return `p50 ${seconds(p50)}, p95 ${seconds(p95)}, p99 ${seconds(p99)}, max ${seconds(max)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}
