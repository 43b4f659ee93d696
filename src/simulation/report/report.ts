import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunResult } from '../run/result.js';
import type { TraceEvent } from '../run/trace.js';
import type { Scenario } from '../scenario/scenario.js';
import { timelinePage } from './page.js';
import { TimelineRecorder } from './timeline-recorder.js';

/** A report cannot be written where it should be. */
export class ReportError extends Error {
  readonly code = 'HERD_REPORT';

  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the report cannot be written to ${folder}: ${reason}; name a folder that can be made and written to`, {
      cause,
    });
  }
}

/** The report of one run: `results.json` for programs, `timeline.html` for people. */
export class Report {
  private readonly recorder: TimelineRecorder;

  /** @param folder where it goes; made if need be */
  constructor(
    private readonly folder: string,
    scenario: Scenario,
  ) {
    this.recorder = new TimelineRecorder(scenario);
  }

  /** Takes in what is on the record. */
  note(atMs: number, event: TraceEvent): void {
    this.recorder.note(atMs, event);
  }

  /**
   * Writes both files, over those of an earlier run.
   *
   * @returns the path of the timeline
   * @throws ReportError
   */
  write(result: RunResult): string {
    const { name, file, seed, world, unseen, verdict, violations, measures, simulatedMs, traceHash } = result;
    const shown = { name, file, seed, world, unseen, verdict, violations, measures, simulatedMs, traceHash };
    const timeline = join(this.folder, 'timeline.html');
    const page = timelinePage(this.recorder.data(shown));
    try {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(join(this.folder, 'results.json'), resultsJson(shown));
      writeFileSync(timeline, page);
    } catch (error) {
      throw new ReportError(this.folder, error);
    }
    return timeline;
  }
}

/** Where the reports of scenarios go: that of a single one into the folder itself, those of several into one each, by their files. */
export function reportFolders(folder: string, files: readonly string[]): string[] {
  if (files.length === 1) return [folder];
  const names = files.map((file) => basename(file).replace(/\.ya?ml$/, ''));
  return names.map((name, index) => {
    const earlier = names.slice(0, index).filter((other) => other === name).length;
    return join(folder, earlier === 0 ? name : `${name}-${earlier + 1}`);
  });
}

/** What is not known, or is nowhere, is null: every key is always there. */
function resultsJson(result: Omit<RunResult, 'trace'>): string {
  return `${JSON.stringify(result, (_, value: unknown) => (value === undefined ? null : value), 2)}\n`;
}
