import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { HerdEvent } from '../../../../src/actors/bus/events.js';
import { Lines } from '../../../../src/protocol/text/lines.js';
import { defaultLogBounds } from '../../../../src/runtime/observe/log/log-settings.js';
import { ServerLog } from '../../../../src/runtime/observe/log/server-log.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { eventually } from '../../../support/eventually.js';
import { strictBus } from '../../../support/fake-bus.js';
import { FakeDisk } from '../../../support/fake-disk.js';
import { TemporaryFolder } from '../../../support/temporary-folder.js';
import { toServerId } from '../../../support/fake-location.js';

const line = (text: string): HerdEvent => ({
  kind: 'lines',
  direction: 'in',
  party: 'client',
  remoteAddress: '192.0.2.1:4',
  lines: Lines.of(text),
});
const refused: HerdEvent = { kind: 'peer-rejected', remoteAddress: '192.0.2.9:1', reason: 'handshake timeout' };
const settings = { ...defaultLogBounds, level: 'lines' } as const;
const failed: HerdEvent = { kind: 'server', state: 'failed', reason: 'Error: no' };

describe('ServerLog', () => {
  let folder: TemporaryFolder;
  let bus: MessageBus;
  let log: ServerLog;
  let troubles: string[];

  beforeEach(() => {
    folder = new TemporaryFolder();
    bus = strictBus();
    troubles = [];
    log = new ServerLog(folder.pathTo('Blake'), settings, (error) => troubles.push(error.message));
    log.listen(bus);
  });

  afterEach(async () => {
    await log.close();
    folder.remove();
  });

  /** Returns the lines of the log, or of the error log, without times. */
  function lines(which: 'log' | 'error log'): string[] {
    const names = readdirSync(folder.pathTo('Blake')).filter(
      (name) => name.endsWith('.error.log') === (which === 'error log'),
    );
    expect(names).to.have.lengthOf(1);
    const text = readFileSync(folder.pathTo('Blake', names[0] ?? ''), 'latin1');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        expect(line).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
        return line.slice(line.indexOf(' ') + 1);
      });
  }

  it('creates a log and an error log, named by the time, in the folder of the server', () => {
    const names = readdirSync(folder.pathTo('Blake')).sort();
    expect(names).to.have.lengthOf(2);
    expect(names[0]).to.match(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.error\.log$/);
    expect(names[1]).to.equal(names[0]?.replace('.error', ''));
  });

  it('contains every line in order when it is closed', async () => {
    for (let index = 0; index < 1_000; index += 1) {
      bus.publish(line(`line ${index}`));
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await log.close();
    expect(lines('log')).to.deep.equal(
      Array.from({ length: 1_000 }, (_, index) => `client 192.0.2.1:4 in line ${index}`),
    );
    expect(lines('error log')).to.deep.equal([]);
  });

  it('[PE30] warns of clocks that differ', async () => {
    const neighbour = toServerId('Metta');
    bus.publish({ kind: 'neighbour-clock', neighbour, offsetMs: 90_000, warning: 'begins' });
    bus.publish({ kind: 'clock', state: 'differs', reason: 'the clock differs' });
    await log.close();
    expect(lines('error log')).to.deep.equal([
      "the clock of Metta is 90.000 s ahead of this server's",
      'the clock differs: the server is not ready and rejects reports without a time',
    ]);
  });

  it('writes warnings and errors to both logs, in order', async () => {
    for (const event of [line('one'), refused, line('two'), failed, line('three')]) bus.publish(event);
    await log.close();
    const trouble = ['peer 192.0.2.9:1 rejected: handshake timeout', 'server failed: Error: no'];
    expect(lines('error log')).to.deep.equal(trouble);
    expect(lines('log')).to.deep.equal([
      'client 192.0.2.1:4 in one',
      trouble[0],
      'client 192.0.2.1:4 in two',
      trouble[1],
      'client 192.0.2.1:4 in three',
    ]);
  });

  it('keeps the order of lines and other events from the first turn on', async () => {
    const path = folder.pathTo('Bryant');
    const another = new ServerLog(path, settings, () => undefined);
    const request = { kind: 'http-request', remoteAddress: '192.0.2.1:4' } as const;
    another.listen(bus);
    const expected: string[] = [];
    for (let index = 0; index < 400; index += 1) {
      const text = `${index}`;
      bus.publish(line(text));
      bus.publish({ kind: 'link', neighbour: toServerId('Metta'), state: 'live', reason: text, retryInMs: 0 });
      bus.publish({ ...request, text });
      bus.publish({ ...refused, reason: text });
      expected.push(
        `client 192.0.2.1:4 in ${text}`,
        `link Metta live: ${text}`,
        `http 192.0.2.1:4 in ${text}`,
        `peer 192.0.2.9:1 rejected: ${text}`,
      );
      if (index === 200) await new Promise((resolve) => setImmediate(resolve));
    }
    await another.close();
    const names = readdirSync(path).filter((name) => !name.endsWith('.error.log'));
    const text = readFileSync(join(path, names[0] ?? ''), 'latin1');
    expect(text.replaceAll(/^\S+ /gm, '').split('\n').slice(0, -1)).to.deep.equal(expected);
  });

  it('writes warnings at once, with the lines in front of them', async () => {
    // A turn as long as the batch interval proves nothing.
    let tookMs = Infinity;
    for (let count = 1; tookMs > 20; count += 1) {
      const startMs = performance.now();
      bus.publish(line('one'));
      bus.publish(refused);
      while (lines('log').length < 2 * count || lines('error log').length < count)
        await new Promise((resolve) => setImmediate(resolve));
      tookMs = Math.min(tookMs, performance.now() - startMs);
      expect(count).to.be.below(100);
    }
  });

  it('does not interpret percent signs and braces', async () => {
    bus.publish(line('%s %d {"a":1} ${b}'));
    await log.close();
    expect(lines('log')).to.deep.equal(['client 192.0.2.1:4 in %s %d {"a":1} ${b}']);
  });

  it('writes lines after a delay without being closed', async () => {
    // A turn as long as the batch interval proves nothing.
    for (let count = 1, turnMs = Infinity; turnMs > 25; count += 1) {
      const startMs = performance.now();
      bus.publish(line('one'));
      await new Promise((resolve) => setImmediate(resolve));
      const written = lines('log').length;
      turnMs = performance.now() - startMs;
      await eventually('the lines are there', () => lines('log').length === count);
      if (turnMs <= 25) expect(written).to.equal(count - 1);
    }
  });

  it('ignores events after it was closed, and may be closed twice', async () => {
    await log.close();
    bus.publish(line('too late'));
    bus.publish(failed);
    await log.close();
    expect(lines('log')).to.deep.equal([]);
  });

  it('reports a full disk once, and closes', async () => {
    const disk = new FakeDisk();
    try {
      disk.state = 'full';
      for (let index = 0; index < 10; index += 1) {
        bus.publish(line('lost'));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await log.close();
    } finally {
      disk.restore();
    }
    expect(troubles).to.deep.equal(['ENOSPC: no space left on device']);
  });
});
