import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ScenarioStage } from '../../../src/cli/simulate/scenario-runner.js';
import { loadConfig } from '../../../src/runtime/config/load.js';
import { StageError, type StoryNews } from '../../../src/runtime/faults/stage.js';
import { patienceMs } from '../../support/eventually.js';

const running = loadConfig(fileURLToPath(new URL('../../../../herd.yaml', import.meta.url)), {});
const herd = 'herd: { servers: [Ada, Bob], talks: { Ada: [Bob] }, links: { beatMs: 100 } }';

describe('the stage', function () {
  this.timeout(2 * patienceMs);
  const stage = new ScenarioStage(running);
  const whole = new AbortController().signal;

  function brought(...lines: readonly string[]) {
    return stage.read({ kind: 'brought', name: 'mine.yaml', text: ['name: Mine', ...lines].join('\n') });
  }

  /** Why something is not played. */
  async function refusal(reading: Promise<unknown>): Promise<string> {
    try {
      await reading;
    } catch (error) {
      if (error instanceof StageError) return error.message;
      throw error;
    }
    return '';
  }

  it('has the scenarios that come with Herd and that it can play, each within its limits', async () => {
    const names = await stage.shipped();
    expect(names).to.include('slow-neighbour.yaml').and.not.include('clock-far-ahead.yaml');
    for (const name of names) expect(await refusal(stage.read({ kind: 'shipped', name })), name).to.equal('');
  });

  it('plays one at a time, tells what happens, and can be broken off', async () => {
    const play = await brought(herd, 'steps: [{ at: 300ms, cut: [Ada, Bob] }]', 'settle: 100s');
    const [lines, breaking]: [string[], AbortController] = [[], new AbortController()];
    const played = play((news) => {
      if (news.kind !== 'line') return;
      lines.push(news.line);
      if (news.line.includes('cut')) breaking.abort();
    }, breaking.signal);
    expect(await refusal(play(() => undefined, whole))).to.equal('another scenario is being played');
    expect(await refusal(played)).to.equal('broken off: nothing is decided');
    expect(lines.at(-1)).to.match(/0\.\d+ s {2}▶ cut: \[Ada, Bob\]$/);
  });

  it('tells who plays, what becomes of servers and links, and where locations go', async () => {
    const play = await brought(
      herd,
      'steps:',
      '  - { at: 600ms, report: { server: Ada, client: kiwi, position: "+1.0+1.0" } }',
      '  - { at: 1200ms, crash: Bob }',
      '  - { at: 1300ms, restart: Bob }',
      'settle: 1500ms',
    );
    const told: StoryNews[] = [];
    await play((news) => told.push(news), whole);
    expect(told[0]).to.deep.equal({ kind: 'cast', servers: ['Ada', 'Bob'], talks: [['Ada', 'Bob']] });
    const ofBob = told.flatMap((news) => (news.kind === 'server' && news.server === 'Bob' ? [news.state] : []));
    // At the end they all go.
    expect(ofBob).to.deep.equal(['up', 'down', 'up', 'down']);
    const ofAda = told.flatMap((news) => (news.kind === 'link' && news.server === 'Ada' ? [news.state] : []));
    expect(ofAda).to.include.members(['live', 'backoff']);
    const passages = told.flatMap((news) => (news.kind === 'learned' ? news.passages : []));
    expect(passages.slice(0, 2)).to.deep.equal([
      { from: null, to: 'Ada', count: 1 },
      { from: 'Ada', to: 'Bob', count: 1 },
    ]);
  });

  it('says what came of it when something does not hold', async () => {
    const play = await brought(
      herd,
      'steps: [{ at: 100ms, expect: { server: Ada, client: kiwi, position: "+1.0+1.0" } }]',
      'settle: 100ms',
    );
    const { verdict, words } = await play(() => undefined, whole);
    expect([verdict, words.split('\n')[0]]).to.deep.equal([
      'violated',
      'VIOLATED at 0.100 s: expect: mine.yaml:3: Ada should hold +1.0+1.0 of kiwi, and it holds nothing',
    ]);
  });

  it('refuses what is too much beside a herd that runs, and what its world cannot do', async () => {
    expect(await refusal(brought(herd, 'clients: { count: 501, rate: 501/s }', 'steps: []'))).to.equal(
      'it has 501 clients; beside a herd that runs, 500 may be played\n' +
        'it has 501 reports a second; beside a herd that runs, 500 may be played',
    );
    expect(await refusal(brought(herd, 'steps: [{ at: 301s, expect: converged }]'))).to.contain('300 may be played');
    const pausing = await brought(herd, 'steps: [{ at: 1s, pause: Ada }]');
    expect(await refusal(pausing(() => undefined, whole))).to.contain('cannot be stopped for one of them');
  });

  it('reads no file and no environment for somebody who brings a scenario', async () => {
    expect(await refusal(stage.read({ kind: 'shipped', name: '../../../herd.yaml' }))).to.contain('no scenario');
    expect(await refusal(brought('herd: ${PATH}', 'steps: []'))).to.contain('variable PATH is not set');
    // A path stands for the herd that runs.
    expect(await refusal(brought('herd: /etc/passwd', 'steps: [{ at: 1s, crash: Blake }]'))).to.equal('');
  });
});
