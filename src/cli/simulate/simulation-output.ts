import type { Topology } from '../../protocol/place/topology.js';
import { formatReplayCommand } from '../../simulation/report/replay-command.js';
import type { RunMetrics, Percentiles } from '../../simulation/run/metrics.js';
import type { RunResult } from '../../simulation/run/result.js';
import type { RunEvent, TraceEvent } from '../../simulation/run/trace.js';
import { formatCount } from '../shared/output.js';

/** Maximum number of violations that are printed while a run goes on. */
const maxViolationsShown = 5;

/** Prints the events of a run: steps, links, servers, failures and violations. */
export class Timeline {
  private readonly links = new Map<string, 'live' | 'down'>();
  private violations = 0;

  constructor(
    private readonly topology: Topology,
    private readonly printLine: (line: string) => void,
  ) {}

  note(atMs: number, event: RunEvent): void {
    const text = this.formatEvent(event);
    if (text !== undefined) this.printLine(`${formatElapsed(atMs).padStart(10)}  ${text}`);
  }

  private formatEvent(event: RunEvent): string | undefined {
    switch (event.kind) {
      case 'step':
        return `▶ ${event.text}`;
      case 'remark':
        return `  (${event.text})`;
      case 'violation':
        this.violations += 1;
        return this.violations <= maxViolationsShown ? `✗ ${event.invariant}: ${event.text}` : undefined;
      case 'failed':
        return `! ${event.server} failed: ${event.text}`;
      case 'link':
        return this.formatLink(event);
      case 'nats':
        return this.formatNats(event);
      case 'left':
        return `  ${event.server} has left`;
      default:
        return undefined;
    }
  }

  private formatNats({ server, state, reason }: Extract<TraceEvent, { kind: 'nats' }>): string | undefined {
    const shownState = state === 'live' ? 'live' : 'down';
    // Intermediate states are not printed: what went wrong was.
    if (state === 'connecting' || state === 'joining' || (this.links.get(server) ?? 'down') === shownState)
      return undefined;
    this.links.set(server, shownState);
    return `  ${server} — NATS ${shownState === 'live' ? 'is live' : 'is lost'}${reason === '' ? '' : ` (${reason})`}`;
  }

  /** Both ends report a link; it is printed once. */
  private formatLink({ server, neighbour, state, reason }: Extract<TraceEvent, { kind: 'link' }>): string | undefined {
    const [one, other] = server < neighbour ? [server, neighbour] : [neighbour, server];
    if (this.topology.get(one)?.includes(other) !== true || state === 'catching-up') return undefined;
    const key = `${one} — ${other}`;
    const shownState = state === 'live' ? 'live' : 'down';
    if ((this.links.get(key) ?? 'down') === shownState) return undefined;
    this.links.set(key, shownState);
    return `  ${key} ${shownState === 'live' ? 'is live' : 'is lost'}${reason === '' ? '' : ` (${reason})`}`;
  }
}

/** Formats the result of a run. */
export function formatVerdict(result: RunResult, tookMs: number): string {
  const { verdict, violations, metrics, simulatedMs, environment, unchecked } = result;
  const [first] = violations;
  const lines = [
    '',
    first === undefined
      ? 'PASSED: all invariants and expectations'
      : `FAILED at ${formatElapsed(first.atMs)}: ${first.invariant}: ${first.text}`,
  ];
  if (verdict === 'failed')
    lines.push(`  ${formatCount(violations.length, 'violation')}. Reproduce: ${formatReplayCommand(result)}`);
  lines.push(...unchecked.map((text) => `  not checked with --environment ${environment}: ${text}`));
  lines.push(...formatMetrics(metrics));
  lines.push(
    `  ${formatElapsed(simulatedMs)} ${environment === 'virtual' ? 'simulated' : 'run'} in ${formatElapsed(tookMs)}`,
  );
  return lines.join('\n');
}

function formatMetrics({ updates, timeToStableMs, messages, recoveries }: RunMetrics): string[] {
  const { attempted, acknowledged, stable, lost, stale } = updates;
  const lines = [
    `  updates      ${attempted} attempted, ${acknowledged} acknowledged, ${stable} stable, ${lost} lost, ${stale} stale`,
    `  to stable    ${formatPercentiles(timeToStableMs)}`,
    `  messages     ${messages.perUpdate?.toFixed(2) ?? '–'} per update, minimum ${messages.minimum}`,
  ];
  for (const { atMs, step, recoveredAfterMs } of recoveries) {
    const after = recoveredAfterMs === undefined ? 'not recovered' : `recovered in ${formatElapsed(recoveredAfterMs)}`;
    lines.push(`  ${formatElapsed(atMs).padEnd(12)} ${step}: ${after}`);
  }
  return lines;
}

function formatPercentiles({ p50, p95, p99, max }: Percentiles): string {
  if (p50 === undefined || p95 === undefined || p99 === undefined || max === undefined) return '–';
  return `p50 ${formatElapsed(p50)}, p95 ${formatElapsed(p95)}, p99 ${formatElapsed(p99)}, max ${formatElapsed(max)}`;
}

function formatElapsed(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}
