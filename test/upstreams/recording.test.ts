import { expect } from 'chai';
import { UpstreamError } from '../../src/protocol/upstream/errors.js';
import { FakeHttp } from '../support/fake-upstream.js';
import type { NearbyQuery, Upstream } from '../../src/protocol/upstream/upstream.js';
import type { UpstreamBinding } from '../../src/upstreams/upstream-binding.js';
import { formatHeader, parseRecording, withRecording } from '../../src/upstreams/recording.js';
import { replay } from '../../src/upstreams/replay.js';
import { Secret } from '../../src/upstreams/secret.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';

const question: NearbyQuery = { latitude: '34.068930', longitude: '-118.445127', radiusKm: 100, count: 2 };
const key = 'a-secret-key-0123456789';
const body = '{"results": [{"id": 309107149164920832, "text": "\u00c3\u00a9"}]}';
const line = '{"results":[{"id":309107149164920832,"text":"\u00c3\u00a9"}]}';

describe('a recording', () => {
  let lines: string[];
  let upstream: Upstream;
  let web: FakeHttp;
  let original: Upstream;
  let binding: UpstreamBinding;

  beforeEach(() => {
    web = new FakeHttp();
    original = twitterSearch('https://search.example', new Secret(key));
    lines = [formatHeader(original)];
    binding = withRecording({ upstream: original, http: web }, (noted) => lines.push(noted));
    ({ upstream } = binding);
  });

  /** What the recorded upstream says to a response. */
  function hear(status: number, text: string, changes: Partial<NearbyQuery> = {}): string {
    try {
      return upstream.answer({ status, body: Buffer.from(text, 'latin1') }, { ...question, ...changes });
    } catch (error) {
      return (error as UpstreamError).message;
    }
  }

  function played(): UpstreamBinding {
    return replay(parseRecording(`${lines.join('\n')}\n`));
  }

  async function ask(from: UpstreamBinding, changes: Partial<NearbyQuery> = {}): Promise<string> {
    const about = { ...question, ...changes };
    const { upstream: it, http } = from;
    return it.answer(await http.fetch(it.request(about), new AbortController().signal), about);
  }

  it('gives back what was answered, to the byte', async () => {
    expect(hear(200, body)).to.equal(line);
    expect(await ask(played())).to.equal(line);
    expect(lines[1]).to.include('é');
  });

  it('gives back what was answered to the same question in the same order, and the last for ever', async () => {
    for (const page of [1, 2, 3]) hear(200, `{"page":${page}}`);
    hear(200, '{"elsewhere":1}', { latitude: '1' });
    const again = played();
    expect(await ask(again, { latitude: '1' })).to.equal('{"elsewhere":1}');
    const results = [];
    for (let time = 1; time <= 4; time += 1) results.push(await ask(again));
    expect(results).to.deep.equal(['{"page":1}', '{"page":2}', '{"page":3}', '{"page":3}']);
  });

  it('replays errors with their kind', async () => {
    hear(429, 'slow down');
    const error: unknown = await ask(played()).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(UpstreamError).and.include({ kind: 'rate-limited' });
    expect((error as Error).message).to.equal('The upstream received too many requests (HTTP 429).');
  });

  describe('of what ended on its way', () => {
    let ended: Promise<unknown>;
    let abort: AbortController;

    beforeEach(() => {
      abort = new AbortController();
      ended = binding.http.fetch(upstream.request(question), abort.signal).catch((caught: unknown) => caught);
    });

    async function replayed(): Promise<object> {
      expect(await ended).to.be.instanceOf(UpstreamError);
      const { message, kind } = (await ask(played()).catch((caught: unknown) => caught)) as UpstreamError;
      return { message, kind };
    }

    it('gives back that there was no connection', async () => {
      web.last.fail(new UpstreamError('the upstream cannot be reached (ECONNREFUSED)', 'transient'));
      expect(await replayed()).to.deep.equal({
        message: 'the upstream cannot be reached (ECONNREFUSED)',
        kind: 'transient',
      });
    });

    it('replays a timeout with the message that the client got', async () => {
      abort.abort(new UpstreamError('no response within 5 s', 'permanent'));
      expect(await replayed()).to.deep.equal({ message: 'no response within 5 s', kind: 'permanent' });
    });

    it('says nothing of what was given up because the server stopped, nor of errors of our own', async () => {
      abort.abort();
      await ended;
      const broken = binding.http.fetch(upstream.request(question), new AbortController().signal);
      web.last.fail(new TypeError('a fault'));
      expect(await broken.catch((caught: unknown) => caught)).to.be.instanceOf(TypeError);
      expect(lines).to.have.lengthOf(1);
    });
  });

  it('has the limits of what was recorded, and its form of an error', () => {
    hear(200, body);
    const { upstream: it } = played();
    expect(it).to.include({ maxCount: 100, maxRadiusKm: 2_500, radiusBeyondMax: 'clamp' });
    for (const message of ['plain', 'a "quote", a \\ and an é', '$& $1', 'MESSAGE']) {
      expect(it.failure(message)).to.equal(upstream.failure(message));
    }
  });

  it('says of a question that was not asked that it was not', async () => {
    hear(200, body);
    const error: unknown = await ask(played(), { count: 3 }).catch((caught: unknown) => caught);
    expect(error).to.include({ kind: 'invalid-request' });
    expect((error as Error).message).to.match(/Nothing was recorded/);
  });

  it('[UP15] holds no key, though the upstream sends it back', () => {
    upstream.request(question);
    hear(200, `{"results":[{"text":"${key}"}]}`);
    hear(400, `{"error":"${key}"}`);
    expect(lines).to.have.lengthOf(3);
    expect(lines.join('\n')).to.not.include(key);
  });

  for (const [what, text, problem] of [
    ['is empty', '', 'line 1: invalid JSON'],
    ['has another head', '{"a":1}', 'line 1: not the header of a recording'],
    ['holds what is not JSON', '{head}\n{', 'line 2: invalid JSON'],
    ['holds what is no answer', '{head}\n\n{"latitude":"1"}', 'line 3: expected a query with its answer'],
    [
      'holds an answer on more than one line',
      '{head}\n{"latitude":"1","longitude":"1","radiusKm":1,"count":1,"json":"{\\n}"}',
      'line 2: expected a query with its answer',
    ],
  ] as const) {
    it(`says which line is not right when it ${what}`, () => {
      const whole = text.replace('{head}', lines[0] ?? '');
      expect(() => parseRecording(whole)).to.throw(SyntaxError, problem);
    });
  }
});
