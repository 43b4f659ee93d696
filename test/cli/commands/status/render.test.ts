import { expect } from 'chai';
import { fitted, pageOf } from '../../../../src/cli/commands/status/render.js';
import { drawn } from '../../../../src/cli/commands/status/screen.js';
import type { HerdPicture } from '../../../../src/cli/commands/status/summary.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';

const [blake, bryant, metta] = ['Blake', 'Bryant', 'Metta'] as [ServerId, ServerId, ServerId];

const picture: HerdPicture = {
  herd: 'laker',
  sound: false,
  servers: [
    {
      name: blake,
      state: 'ready',
      why: '',
      held: { locations: 1_234_567, behind: 0, clients: 12 },
      pace: { reports: 0.25, learned: 20_000.4, commands: 0, lag: { p50: 0.0005, p99: 2.5 } },
    },
    { name: bryant, state: 'down', why: 'ECONN\x1b[2JREFUSED', held: undefined, pace: undefined },
    {
      name: metta,
      state: 'not ready',
      why: 'catching up with Blake',
      held: { locations: 3, behind: 1_234_564, clients: 0 },
      pace: { reports: 0, learned: 0, commands: 0, lag: { p50: 10, p99: Infinity } },
    },
  ],
  links: [
    { between: [blake, bryant], state: 'backoff', sinceMs: 119_999, why: 'ECONNREFUSED' },
    { between: [blake, metta], state: 'catching-up / live', sinceMs: 7_200_000, why: '' },
    { between: [bryant, metta], state: 'unknown', sinceMs: undefined, why: '' },
  ],
  buckets: [],
};

describe('the page of herd status', () => {
  const page = pageOf(picture);

  it('is a table that can be read without colour, and obeys nothing that a server says', () => {
    expect(drawn(page, 'plain')).to.deep.equal([
      'Herd laker: 1 of 3 servers ready, 0 of 3 links live',
      '',
      '  server  state      locations     behind  clients  reports/s  learned/s  commands/s  lag p50  lag p99',
      '  Blake   ready      1,234,567          0       12        0.3     20,000           0  ≤0.5 ms   ≤2.5 s',
      '  Bryant  down               –          –        –          –          –           –        –        –  ECONN?[2JREFUSED',
      '  Metta   not ready          3  1,234,564        0          0          0           0    ≤10 s    >10 s  catching up with Blake',
      '',
      '  link            state                 for',
      '  Blake – Bryant  backoff             119 s  ECONNREFUSED',
      '  Blake – Metta   catching-up / live    2 h',
      '  Bryant – Metta  unknown                 –',
    ]);
  });

  it('shows everything on 80 columns: how fast servers are in a table of its own, and reasons below', () => {
    const narrow = pageOf(picture, 80);
    expect(fitted(narrow, 80, 50)).to.deep.equal(narrow);
    expect(drawn(narrow, 'plain')).to.deep.equal([
      'Herd laker: 1 of 3 servers ready, 0 of 3 links live',
      '',
      '  server  state      locations     behind  clients',
      '  Blake   ready      1,234,567          0       12',
      '  Bryant  down               –          –        –  ECONN?[2JREFUSED',
      '  Metta   not ready          3  1,234,564        0  catching up with Blake',
      '',
      '  server  reports/s  learned/s  commands/s  lag p50  lag p99',
      '  Blake         0.3     20,000           0  ≤0.5 ms   ≤2.5 s',
      '  Bryant          –          –           –        –        –',
      '  Metta           0          0           0    ≤10 s    >10 s',
      '',
      '  link            state                 for',
      '  Blake – Bryant  backoff             119 s  ECONNREFUSED',
      '  Blake – Metta   catching-up / live    2 h',
      '  Bryant – Metta  unknown                 –',
    ]);
    const below = pageOf(picture, 60);
    expect(below.slice(2, 7)).to.deep.equal([
      { text: '  server  state      locations     behind  clients', tone: 'plain' },
      { text: '  Blake   ready      1,234,567          0       12', tone: 'good' },
      { text: '  Bryant  down               –          –        –', tone: 'bad' },
      { text: '    ECONN?[2JREFUSED', tone: 'bad' },
      { text: '  Metta   not ready          3  1,234,564        0', tone: 'waiting' },
    ]);
  });

  it('tells of the bucket of each server, and not of links that there are not', () => {
    const buckets = [
      { server: blake, state: 'live', sinceMs: 3_000, waiting: 0, why: '' },
      { server: bryant, state: 'unknown', sinceMs: undefined, waiting: undefined, why: '' },
      { server: metta, state: 'away', sinceMs: 900, waiting: 1_200, why: 'ECONN\x1b[2JREFUSED' },
    ];
    const onNats = drawn(pageOf({ ...picture, links: [], buckets }), 'plain');
    expect(onNats[0]).to.equal('Herd laker: 1 of 3 servers ready, 1 of 3 with a live bucket');
    expect(onNats.slice(6)).to.deep.equal([
      '',
      '  bucket of  state    for  waiting',
      '  Blake      live     3 s        0',
      '  Bryant     unknown    –        –',
      '  Metta      away     0 s    1,200  ECONN?[2JREFUSED',
    ]);
    const both = drawn(pageOf({ ...picture, buckets }), 'plain');
    expect(both[0]).to.equal('Herd laker: 1 of 3 servers ready, 0 of 3 links live, 1 of 3 with a live bucket');
  });

  it('has colours around whole lines', () => {
    const coloured = drawn(page, 'coloured');
    expect(coloured[0]).to.equal(page[0]?.text);
    expect(coloured[3]).to.equal(`\x1b[32m${page[3]?.text ?? ''}\x1b[0m`);
    expect(coloured[4]).to.equal(`\x1b[31m${page[4]?.text ?? ''}\x1b[0m`);
    expect(coloured[5]).to.equal(`\x1b[33m${page[5]?.text ?? ''}\x1b[0m`);
  });

  it('fits a terminal of any size, and says what it leaves out', () => {
    for (const [columns, rows] of [
      [200, 50],
      [40, 4],
      [1, 1],
    ] as const) {
      const lines = fitted(page, columns, rows);
      expect(lines).to.have.lengthOf(Math.min(page.length, rows));
      for (const { text } of lines) expect(text).to.have.length.at.most(columns);
    }
    expect(fitted(page, 200, 50)).to.deep.equal(page);
    const small = fitted(page, 45, 4).map(({ text }) => text);
    expect(small[0]).to.equal('Herd laker: 1 of 3 servers ready, 0 of 3 lin…');
    expect(small[3]).to.equal('8 more lines; the terminal is too small');
  });
});
