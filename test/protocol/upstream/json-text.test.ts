import { expect } from 'chai';
import fc from 'fast-check';

import { bytesOf, textOf, type ByteString } from '../../../src/protocol/text/bytes.js';
import { UpstreamError } from '../../../src/protocol/upstream/errors.js';
import { truncateArray, toJsonLine } from '../../../src/protocol/upstream/json-text.js';

/** JSON values as they come back from text: -0 and the like, which JSON cannot say, are out. */
const jsonValues = fc.json({ maxDepth: 5 }).map((text) => JSON.parse(text) as unknown);
const indents = fc.constantFrom('', ' ', '   ', '\t', '\n', '\r\n \t');
const bigInteger = fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n });

/** As `JSON.stringify` indents, with any white space. */
function pretty(value: unknown, indent: string): ByteString {
  const mark = '@@indent@@';
  return bytesOf(JSON.stringify(value, null, mark).replaceAll(mark, indent));
}

function parsed(json: ByteString): unknown {
  return JSON.parse(textOf(json));
}

describe('toJsonLine', () => {
  it('holds the same value on one line, whatever the white space', () => {
    fc.assert(
      fc.property(jsonValues, indents, (value, indent) => {
        const line = toJsonLine(pretty(value, indent));
        expect(parsed(line)).to.deep.equal(value);
        expect(line).to.equal(bytesOf(JSON.stringify(value)));
      }),
    );
  });

  it('changes no byte inside strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), indents, (text, indent) => {
        const string = bytesOf(JSON.stringify(text));
        expect(toJsonLine(`${indent}[${indent}${string}${indent}]${indent}\n`)).to.equal(`[${string}]`);
      }),
    );
  });

  it('keeps escapes and quotes as they were written', () => {
    const strings = String.raw`["\"  ] \\","\\","\u00e9 \/","\\\" , \\\\"]`;
    expect(toJsonLine(`  ${strings.replaceAll('","', '" , "')}\r\n`)).to.equal(strings);
  });

  it('keeps numbers to the digit', () => {
    fc.assert(
      fc.property(bigInteger, (id) => {
        expect(toJsonLine(`{ "id" : ${id} }`)).to.equal(`{"id":${id}}`);
      }),
    );
    expect(toJsonLine('[ 1.0, -0, 1E+2, 0.10000000000000000000001 ]')).to.equal(
      '[1.0,-0,1E+2,0.10000000000000000000001]',
    );
  });

  it('drops a byte order mark', () => {
    expect(toJsonLine(bytesOf('\uFEFF{"a": 1}'))).to.equal('{"a":1}');
    expect(() => toJsonLine(bytesOf('\uFEFF\uFEFF{}'))).to.throw(UpstreamError);
  });

  const noJson: Record<string, ByteString> = {
    nothing: '',
    'white space alone': ' \n',
    'a web page': '<html></html>',
    'half an object': '{"a": [1, 2',
    'two values': '{} {}',
    'a quote left open': '"\\"',
    'a line break inside a string': '"a\nb"',
    'a string that is not UTF-8': '"\xE9"',
    'a surrogate written as UTF-8': '"\xED\xA0\x80"',
    'white space that JSON does not know': '[1,\xC2\xA02]',
  };
  for (const [name, bytes] of Object.entries(noJson)) {
    it(`rejects ${name}, without quoting it`, () => {
      expect(() => toJsonLine(bytes)).to.throw(
        UpstreamError,
        /^The upstream sent a response that is not valid JSON\.$/,
      );
    });
  }

  it('rejects garbage', () => {
    const nearlyJson = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '1', 'a', ' ', '\n', '\xFF'));
    const garbage = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
      nearlyJson.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(garbage, (bytes) => {
        try {
          expect(parsed(toJsonLine(bytes))).to.deep.equal(parsed(bytes));
        } catch (error) {
          expect(error).to.be.instanceOf(UpstreamError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('handles a megabyte of any input in linear time', function () {
    // Anything quadratic would take minutes; a busy machine takes tenths of a second.
    this.timeout(30_000);
    const megabyte = 2 ** 20;
    const bodies = [
      JSON.stringify(
        Array.from({ length: megabyte / 64 }, (_, id) => ({ id, text: 'x'.repeat(20) })),
        null,
        8,
      ),
      JSON.stringify('x'.repeat(megabyte)),
      JSON.stringify('"\\'.repeat(megabyte / 4)),
      `{"results":${'['.repeat(megabyte / 2)}${']'.repeat(megabyte / 2)}}`,
      `[${' '.repeat(megabyte)}]`,
    ];
    for (const body of bodies) {
      const startMs = performance.now();
      truncateArray(toJsonLine(body), 'results', 1);
      expect(performance.now() - startMs).to.be.below(5_000);
    }
  });
});

describe('truncateArray', () => {
  it('keeps as many elements as slice does', () => {
    const fields = fc.dictionary(fc.string(), jsonValues);
    fc.assert(
      fc.property(fields, fields, fc.array(jsonValues), fc.nat(8), (before, after, results, count) => {
        const text = (elements: unknown[]): string => JSON.stringify({ ...before, results: elements, ...after });
        fc.pre(!('results' in before || 'results' in after));
        const kept = truncateArray(toJsonLine(bytesOf(text(results))), 'results', count);
        expect(kept).to.equal(bytesOf(text(results.slice(0, count))));
      }),
    );
  });

  it('keeps the ids of what stays to the digit', () => {
    fc.assert(
      fc.property(fc.array(bigInteger), fc.nat(4), (ids, count) => {
        const body = (kept: bigint[]): string => `{"max_id":${ids[0] ?? 0},"results":[${kept.join(',')}],"page":1}`;
        expect(truncateArray(toJsonLine(body(ids)), 'results', count)).to.equal(body(ids.slice(0, count)));
      }),
    );
  });

  it('truncates only the top-level property', () => {
    const json = toJsonLine(
      '{"a":{"results":[1,2,3]},"b":["results",[1,2]],"results":[[1,2],[3,4],{"results":[5,6]}]}',
    );
    expect(truncateArray(json, 'results', 1)).to.equal(
      '{"a":{"results":[1,2,3]},"b":["results",[1,2]],"results":[[1,2]]}',
    );
  });

  it('truncates it wherever it is, and however its key is escaped', () => {
    const json = toJsonLine(String.raw`{"results":[1,2],"\u0072esults":[3,4],"results":[]}`);
    expect(truncateArray(json, 'results', 1)).to.equal(String.raw`{"results":[1],"\u0072esults":[3],"results":[]}`);
  });

  it('returns JSON without such an array unchanged', () => {
    for (const json of ['{}', '[]', '[["results"]]', '"results"', '7', '{"results":{"0":1}}', '{"results":"[1,2]"}']) {
      expect(truncateArray(toJsonLine(json), 'results', 0)).to.equal(json);
    }
  });
});
