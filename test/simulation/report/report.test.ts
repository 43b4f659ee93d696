import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { toHtmlSafeJson } from '../../../src/simulation/report/page.js';
import { formatReplayCommand } from '../../../src/simulation/report/replay-command.js';
import { makeReportFolder, ReportError, reportFolders } from '../../../src/simulation/report/report-folders.js';
import { RunReport } from '../../../src/simulation/report/report.js';
import { TimelineRecorder } from '../../../src/simulation/report/timeline-recorder.js';
import { formatVerdict } from '../../../src/cli/simulate/simulation-output.js';
import { createScenario, runSimulation } from '../../support/simulate.js';

const scenario = createScenario(
  'clients: { count: 0 }\nsettle: 1s\nsteps:\n  - { at: 1s, cut: Metta }\n  - { at: 2s, heal: all }',
);

describe('a report', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'herd-report-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('has all results but the record, the same for the same seed, and null for what is not known', async () => {
    const texts: string[] = [];
    for (const name of ['one', 'other']) {
      makeReportFolder(join(folder, 'made', name));
      const report = new RunReport(join(folder, 'made', name), scenario);
      const result = await runSimulation(scenario, {
        keepsTrace: true,
        onEntry: (atMs, event) => report.observe(atMs, event),
      });
      expect(report.write(result)).to.equal(join(folder, 'made', name, 'timeline.html'));
      texts.push(readFileSync(join(folder, 'made', name, 'results.json'), 'utf8'));
      const { trace, ...others } = result;
      expect(trace).to.not.deep.equal([]);
      const expected: unknown = JSON.parse(JSON.stringify(others, (_, value: unknown) => value ?? null));
      expect(JSON.parse(texts[0]!)).to.deep.equal(expected);
      expect(texts[0]).to.include('"p50": null');
    }
    expect(texts[1]).to.equal(texts[0]);
  });

  it('rejects a folder that cannot be created: inside a file, or in /proc', () => {
    const file = join(folder, 'a file');
    writeFileSync(file, '');
    for (const place of [file, join(file, 'in it'), '/proc/report/one']) {
      expect(() => makeReportFolder(place), place).to.throw(ReportError, `cannot write the report to ${place}: `);
    }
  });

  it('reports a folder that cannot be written to', async () => {
    const file = join(folder, 'a file');
    writeFileSync(file, '');
    const report = new RunReport(file, scenario);
    const result = await runSimulation(scenario);
    expect(() => report.write(result)).to.throw(
      ReportError,
      /cannot write the report to .*a file: .*\. Choose a writable folder\.$/,
    );
  });

  it('of a single scenario stands in the folder itself, those of several in one each', () => {
    expect(reportFolders('reports', ['a/storm.yaml'])).to.deep.equal(['reports']);
    expect(reportFolders('reports', ['a/storm.yaml', 'b/calm.yml', 'b/storm.yaml'])).to.deep.equal([
      join('reports', 'storm'),
      join('reports', 'calm'),
      join('reports', 'storm-2'),
    ]);
  });
});

describe('the replay command', () => {
  const words = [
    ['storm.yaml', 'storm.yaml'],
    ['../a b/storm.yaml', "'../a b/storm.yaml'"],
    ["it's $HOME.yaml", "'it'\\''s $HOME.yaml'"],
  ] as const;
  for (const [file, word] of words) {
    it(`names ${file} quoted for a shell, with the environment, in the page and on a terminal`, async () => {
      const result = { ...(await runSimulation(scenario)), file, seed: 7 };
      expect(formatReplayCommand(result)).to.equal(`herd simulate ${word} --seed 7`);
      const real = { ...result, environment: 'processes', verdict: 'failed' as const };
      const again = `herd simulate ${word} --seed 7 --environment processes`;
      expect(new TimelineRecorder(scenario).data(real).replayCommand).to.equal(again);
      expect(formatVerdict(real, 0)).to.include(`Reproduce: ${again}\n`);
    });
  }
});

describe('data in a page', () => {
  it('is the same data, and can end no element', () => {
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const value = { all: bytes, end: '</script><!--', more: '\u2028\u2029\ud800 €' };
    const text = toHtmlSafeJson(value);
    expect(JSON.parse(text)).to.deep.equal(value);
    expect(text)
      .to.match(/^[\x20-\x7e]*$/)
      .and.not.match(/[<>&]/);
  });
});
