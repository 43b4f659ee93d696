import { expect } from 'chai';
import { truncateToTerminal, renderStatus } from '../../../../src/cli/commands/status/render.js';
import { colourLines } from '../../../../src/cli/commands/status/screen.js';
import type { HerdSummary } from '../../../../src/cli/commands/status/summary.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';

const [blake, bryant, metta] = ['Blake', 'Bryant', 'Metta'] as [ServerId, ServerId, ServerId];

const picture: HerdSummary = {
  herd: 'laker',
  healthy: false,
  servers: [
    {
      name: blake,
      state: 'ready',
      reason: '',
      stored: { locations: 1_234_567, missing: 0, connections: 12 },
      rates: { reports: 0.25, learned: 20_000.4, commands: 0, propagationDelay: { p50: 0.0005, p99: 2.5 } },
    },
    { name: bryant, state: 'down', reason: 'ECONN\x1b[2JREFUSED', stored: undefined, rates: undefined },
    {
      name: metta,
      state: 'not ready',
      reason: 'catching up with Blake',
      stored: { locations: 3, missing: 1_234_564, connections: 0 },
      rates: { reports: 0, learned: 0, commands: 0, propagationDelay: { p50: 10, p99: Infinity } },
    },
  ],
  links: [
    { servers: [blake, bryant], state: 'backoff', sinceMs: 119_999, reason: 'ECONNREFUSED' },
    { servers: [blake, metta], state: 'catching-up / live', sinceMs: 7_200_000, reason: '' },
    { servers: [bryant, metta], state: 'unknown', sinceMs: undefined, reason: '' },
  ],
  nats: [],
};

describe('renderStatus', () => {
  const page = renderStatus(picture);

  it('renders a table without colours and without control characters', () => {
    expect(colourLines(page, false)).to.deep.equal([
      'Herd laker: 1 of 3 servers ready, 0 of 3 links live',
      '',
      '  server  state         stored    missing  connections  reports/s  learned/s  commands/s  delay p50  delay p99',
      '  Blake   ready      1,234,567          0           12        0.3     20,000           0    ≤0.5 ms     ≤2.5 s',
      '  Bryant  down               –          –            –          –          –           –          –          –  ECONN?[2JREFUSED',
      '  Metta   not ready          3  1,234,564            0          0          0           0      ≤10 s      >10 s  catching up with Blake',
      '',
      '  link            state                 for',
      '  Blake – Bryant  backoff             119 s  ECONNREFUSED',
      '  Blake – Metta   catching-up / live    2 h',
      '  Bryant – Metta  unknown                 –',
    ]);
  });

  it('fits into 80 columns, with rates in a second table and reasons on lines of their own', () => {
    const narrow = renderStatus(picture, 80);
    expect(truncateToTerminal(narrow, 80, 50)).to.deep.equal(narrow);
    expect(colourLines(narrow, false)).to.deep.equal([
      'Herd laker: 1 of 3 servers ready, 0 of 3 links live',
      '',
      '  server  state         stored    missing  connections',
      '  Blake   ready      1,234,567          0           12',
      '  Bryant  down               –          –            –  ECONN?[2JREFUSED',
      '  Metta   not ready          3  1,234,564            0  catching up with Blake',
      '',
      '  server  reports/s  learned/s  commands/s  delay p50  delay p99',
      '  Blake         0.3     20,000           0    ≤0.5 ms     ≤2.5 s',
      '  Bryant          –          –           –          –          –',
      '  Metta           0          0           0      ≤10 s      >10 s',
      '',
      '  link            state                 for',
      '  Blake – Bryant  backoff             119 s  ECONNREFUSED',
      '  Blake – Metta   catching-up / live    2 h',
      '  Bryant – Metta  unknown                 –',
    ]);
    const below = renderStatus(picture, 60);
    expect(below.slice(2, 7)).to.deep.equal([
      { text: '  server  state         stored    missing  connections', severity: 'plain' },
      { text: '  Blake   ready      1,234,567          0           12', severity: 'good' },
      { text: '  Bryant  down               –          –            –', severity: 'bad' },
      { text: '    ECONN?[2JREFUSED', severity: 'bad' },
      { text: '  Metta   not ready          3  1,234,564            0', severity: 'waiting' },
    ]);
  });

  it('shows the partitions of each server, and omits an empty table of links', () => {
    const [none, some] = [
      { complete: 128, filling: 0, leaving: 0, short: 0 },
      { complete: 60, filling: 4, leaving: 2, short: 7 },
    ];
    const nats = [
      { server: blake, state: 'live', sinceMs: 3_000, members: 3, partitions: none, reason: '' },
      { server: blake, state: 'live', sinceMs: 3_000, members: 3, partitions: some, reason: '' },
      { server: bryant, state: 'unknown', sinceMs: undefined, members: undefined, partitions: undefined, reason: '' },
      { server: metta, state: 'backoff', sinceMs: 900, members: 1, partitions: some, reason: 'ECONN\x1b[2JREFUSED' },
    ];
    const page = renderStatus({ ...picture, links: [], nats }, 80);
    const onNats = colourLines(page, false);
    expect(onNats[0]).to.equal('Herd laker: 1 of 3 servers ready, 2 of 4 live on NATS');
    expect(onNats.slice(-7)).to.deep.equal([
      '',
      '  server  NATS     for  members  complete  filling  leaving  short',
      '  Blake   live     3 s        3       128        0        0      0',
      '  Blake   live     3 s        3        60        4        2      7',
      '  Bryant  unknown    –        –         –        –        –      –',
      '  Metta   backoff  0 s        1        60        4        2      7',
      '    ECONN?[2JREFUSED',
    ]);
    expect(page.slice(-5).map(({ severity }) => severity)).to.deep.equal([
      'good',
      'waiting',
      'bad',
      'waiting',
      'waiting',
    ]);
    const both = colourLines(renderStatus({ ...picture, nats }), false);
    expect(both[0]).to.equal('Herd laker: 1 of 3 servers ready, 0 of 3 links live, 2 of 4 live on NATS');
  });

  it('colours whole lines', () => {
    const coloured = colourLines(page, true);
    expect(coloured[0]).to.equal(page[0]?.text);
    expect(coloured[3]).to.equal(`\x1b[32m${page[3]?.text ?? ''}\x1b[0m`);
    expect(coloured[4]).to.equal(`\x1b[31m${page[4]?.text ?? ''}\x1b[0m`);
    expect(coloured[5]).to.equal(`\x1b[33m${page[5]?.text ?? ''}\x1b[0m`);
  });

  it('truncates to a terminal of any size, and counts the missing lines', () => {
    for (const [columns, rows] of [
      [200, 50],
      [40, 4],
      [1, 1],
    ] as const) {
      const lines = truncateToTerminal(page, columns, rows);
      expect(lines).to.have.lengthOf(Math.min(page.length, rows));
      for (const { text } of lines) expect(text).to.have.length.at.most(columns);
    }
    expect(truncateToTerminal(page, 200, 50)).to.deep.equal(page);
    const small = truncateToTerminal(page, 45, 4).map(({ text }) => text);
    expect(small[0]).to.equal('Herd laker: 1 of 3 servers ready, 0 of 3 lin…');
    expect(small[3]).to.equal('8 more lines (terminal too small)');
  });
});
