import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../run/result.js';
import type { RunEvent } from '../run/trace.js';
import type { Scenario } from '../scenario/scenario.js';
import { renderTimelinePage } from './page.js';
import { ReportError } from './report-folders.js';
import { TimelineRecorder } from './timeline-recorder.js';

/** The report of one run: `results.json` for programs, `timeline.html` for people. */
export class RunReport {
  private readonly recorder: TimelineRecorder;

  /** @param folder see `makeReportFolder` */
  constructor(
    private readonly folder: string,
    scenario: Scenario,
  ) {
    this.recorder = new TimelineRecorder(scenario);
  }

  /** Records an event of the run. */
  observe(atMs: number, event: RunEvent): void {
    this.recorder.observe(atMs, event);
  }

  /**
   * Writes both files, replacing those of an earlier run.
   * @returns the path of the timeline
   * @throws ReportError
   */
  write(result: RunResult): string {
    const { name, file, seed, environment, unchecked, verdict, violations, metrics, simulatedMs, traceHash } = result;
    const summary = { name, file, seed, environment, unchecked, verdict, violations, metrics, simulatedMs, traceHash };
    const timeline = join(this.folder, 'timeline.html');
    const page = renderTimelinePage(this.recorder.data(summary));
    try {
      writeFileSync(join(this.folder, 'results.json'), formatResultsJson(summary));
      writeFileSync(timeline, page);
    } catch (error) {
      throw new ReportError(this.folder, error);
    }
    return timeline;
  }
}

/** Undefined values become null, so every key is present. */
function formatResultsJson(result: Omit<RunResult, 'trace'>): string {
  return `${JSON.stringify(result, (_, value: unknown) => (value === undefined ? null : value), 2)}\n`;
}
