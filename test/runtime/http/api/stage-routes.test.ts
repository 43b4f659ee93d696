import { expect } from 'chai';
import { StageError, type Story } from '../../../../src/runtime/faults/stage.js';
import { eventually } from '../../../support/eventually.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

describe('the door to the stage', () => {
  const told: string[] = [];
  const herd = new HerdInProcess({
    talks: ['Blake-Bryant'],
    http: true,
    stage: {
      shipped: () => Promise.resolve(['one.yaml']),
      read: (story: Story) => {
        if (story.name === 'wrong.yaml') return Promise.reject(new StageError(['wrong.yaml:1: it is wrong']));
        return Promise.resolve(async (tell, brokenOff) => {
          tell({ kind: 'line', line: `${story.name} begins` });
          if (story.name !== 'endless.yaml') return { verdict: 'held' as const, words: 'HELD' };
          await new Promise((resolve) => brokenOff.addEventListener('abort', resolve));
          told.push('broken off');
          throw new StageError(['broken off']);
        });
      },
    },
  });
  const unstaged = new HerdInProcess({ talks: ['Blake-Bryant'], http: true });
  const production = new HerdInProcess({ talks: ['Blake-Bryant'], http: true, mode: 'production' });
  const herds = [herd, unstaged, production];

  before(() => Promise.all(herds.map((one) => one.start())));
  after(() => Promise.all(herds.map((one) => one.stop())));

  function play(story: unknown, of = herd, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return fetch(of.url('Blake', '/api/admin/scenarios'), {
      method: 'POST',
      headers,
      body: JSON.stringify(story),
      ...init,
    });
  }

  it('tells which scenarios there are, and plays one as a stream of events', async () => {
    const listed = await fetch(herd.url('Blake', '/api/admin/scenarios'));
    expect(await listed.json()).to.deep.equal({ shipped: ['one.yaml'] });
    const answer = await play({ kind: 'shipped', name: 'one.yaml' });
    expect(answer.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8');
    const text = await answer.text();
    expect(text).to.contain('event: line\ndata: {"line":"one.yaml begins"}\n\n');
    expect(text).to.contain('event: verdict\ndata: {"verdict":"held","words":"HELD"}\n\n');
  });

  it('breaks off what nobody follows any more', async () => {
    const abort = new AbortController();
    await play({ kind: 'brought', name: 'endless.yaml', text: 'x' }, herd, { signal: abort.signal });
    abort.abort();
    await eventually('it is broken off', () => told.includes('broken off'));
  });

  it('says what is wrong with a scenario', async () => {
    const answer = await play({ kind: 'brought', name: 'wrong.yaml', text: 'x' });
    expect([answer.status, await answer.json()]).to.deep.equal([400, { error: 'wrong.yaml:1: it is wrong' }]);
    expect((await play({ kind: 'brought', name: 'large.yaml', text: 'x'.repeat(100_000) })).status).to.equal(413);
  });

  it('is closed where there is no stage, and to who may not administer', async () => {
    const story = { kind: 'shipped', name: 'one.yaml' };
    expect((await play(story, unstaged)).status).to.equal(501);
    expect((await play(story, production)).status).to.equal(403);
    expect((await fetch(production.url('Blake', '/api/admin/scenarios'))).status).to.equal(403);
    expect((await play(story, herd, { headers: { 'content-type': 'text/plain' } })).status).to.equal(415);
    const forwarded = { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.7' };
    expect((await play(story, herd, { headers: forwarded })).status).to.equal(403);
  });
});
