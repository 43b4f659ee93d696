import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Lines } from '../../../../src/protocol/text/lines.js';
import { BatchFileTransport } from '../../../../src/runtime/observe/log/batch-file-transport.js';
import { LogFiles } from '../../../../src/runtime/observe/log/log-files.js';
import { eventually } from '../../../support/eventually.js';
import { FakeDisk } from '../../../support/fake-disk.js';
import { TemporaryFolder } from '../../../support/temporary-folder.js';

const MESSAGE = Symbol.for('message');

const begunMs = Date.UTC(2026, 10, 1);

describe('BatchFileTransport', () => {
  let folder: TemporaryFolder;
  let path: string;
  let disk: FakeDisk;
  let file: BatchFileTransport;
  let errors: string[];
  let state: 'open' | 'closed';

  beforeEach(() => {
    folder = new TemporaryFolder();
    path = folder.pathTo('Blake', '2026-11-01T00-00-00.000Z.log');
    disk = new FakeDisk();
    errors = [];
    file = open();
  });

  afterEach(async () => {
    disk.restore();
    await close();
    folder.remove();
  });

  function open({ maxFileBytes = 1e9, maxFiles = 32 } = {}): BatchFileTransport {
    const files = new LogFiles(dirname(path), '.log', maxFiles, begunMs);
    const opened = new BatchFileTransport(files, maxFileBytes, 'info', (error) => errors.push(error.message));
    state = 'open';
    opened.on('finish', () => (state = 'closed'));
    return opened;
  }

  function log(...lines: string[]): void {
    for (const line of lines) file.log({ level: 'info', [MESSAGE]: line }, () => undefined);
  }

  async function close(): Promise<void> {
    file.end();
    await eventually('the file is closed', () => state === 'closed');
  }

  /** Returns the lines of the file once everything is written. */
  async function written(): Promise<string[]> {
    await close();
    const text = readFileSync(path, 'latin1');
    expect(text === '' || text.endsWith('\n'), 'ends with a line end').to.equal(true);
    return text.split('\n').slice(0, -1);
  }

  it('creates its folder and an empty file', async () => {
    expect(existsSync(path)).to.equal(true);
    expect(await written()).to.deep.equal([]);
  });

  it('rejects an existing file', () => {
    expect(() => open()).to.throw('EEXIST');
    state = 'open';
  });

  it('writes every line in order, byte by byte, before it is closed', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `${index} \xff\x80`);
    log(...lines);
    expect(await written()).to.deep.equal(lines);
    expect(errors).to.deep.equal([]);
  });

  it('batches many lines into few writes', async () => {
    for (let round = 0; round < 100; round += 1) {
      log(...Array.from({ length: 100 }, (_, index) => `${round} ${index}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await written()).to.have.lengthOf(10_000);
    expect(disk.writeCount).to.be.below(250);
  });

  it('completes a partial write', async () => {
    disk.state = 'short';
    log('one', 'two', 'three', 'x'.repeat(1_000));
    expect(await written()).to.deep.equal(['one', 'two', 'three', 'x'.repeat(1_000)]);
  });

  it('closes after a slow disk has taken everything', async () => {
    disk.state = 'slow';
    log('one', 'two');
    file.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(state).to.equal('open');
    disk.release();
    await close();
    expect(readFileSync(path, 'latin1')).to.equal('one\ntwo\n');
  });

  it('queues at most 16 MiB for a slow disk, and counts dropped entries', async () => {
    disk.state = 'slow';
    log('first');
    const line = 'x'.repeat(1_023);
    const lines = 20_000;
    for (let index = 0; index < lines; index += 1) log(line);
    disk.release();
    await eventually('the disk has taken it', () => readFileSync(path).length > 1_000_000);
    await eventually('lost entries are logged', () => readFileSync(path, 'latin1').includes('log entries lost here'));
    log('last');
    const got = await written();
    expect(got[0]).to.equal('first');
    expect(got.at(-1)).to.equal('last');
    const kept = got.filter((text) => text === line).length;
    expect(kept).to.be.within(16_300, 16_384);
    expect(got.at(-2)).to.equal(`${lines - kept} log entries lost here: the disk was too slow or not writable`);
    expect(got).to.have.lengthOf(kept + 3);
  });

  it('tells where lines were lost while others are accepted', async () => {
    disk.state = 'slow';
    const numbered = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => `${from + index} ${'x'.repeat(1_000)}`);
    log(...numbered(0, 20_000));
    await eventually('a write is in progress', () => disk.writeCount === 1);
    disk.releaseOne();
    await eventually('all other full chunks are being written', () => disk.writeCount === 2);
    disk.releaseOne();
    await eventually('the last chunk is being written', () => disk.writeCount === 3);
    log(...numbered(20_000, 10));
    disk.release();
    const got = await written();
    let next = 0;
    let gaps = 0;
    for (const line of got) {
      const [, lost] = /^(\d+) log entries lost here: /.exec(line) ?? [];
      if (lost === undefined) expect(line).to.equal(numbered(next, 1)[0]);
      gaps += lost === undefined ? 0 : 1;
      next += Number(lost ?? 1);
    }
    expect(gaps).to.equal(1);
    expect(next).to.equal(20_010);
    expect(got.at(-1)).to.match(/^20009 /);
  });

  it('counts lines that a full disk did not take, not those in front of them', async () => {
    disk.state = 'filling';
    log('taken 1', 'taken 2', 'torn by half', 'lost');
    await eventually('an error is reported', () => errors.length > 0);
    disk.state = 'sound';
    log('whole');
    expect(await written()).to.deep.equal([
      'taken 1',
      'taken 2',
      't',
      '2 log entries lost here: the disk was too slow or not writable',
      'whole',
    ]);
  });

  it('tells what was lost although the disk did not take that line at first', async () => {
    disk.state = 'full';
    log('lost');
    await eventually('an error is reported', () => errors.length > 0);
    disk.state = 'filling';
    log('lost as well');
    await eventually('the disk is full', () => disk.state === 'full');
    await new Promise((resolve) => setTimeout(resolve, 10));
    disk.state = 'sound';
    log('whole');
    const got = await written();
    expect(got).to.have.lengthOf(3);
    expect(got.slice(1)).to.deep.equal(['2 log entries lost here: the disk was too slow or not writable', 'whole']);
  });

  it('writes lines of the protocol in order with entries of winston', async () => {
    log('one');
    file.appendLines(Lines.of('two', 'three'), 'in ');
    log('four');
    expect(await written()).to.deep.equal(['one', 'in two', 'in three', 'four']);
  });

  it('writes a full chunk at once', async () => {
    log('first');
    // A turn as long as the batch interval proves nothing.
    let tookMs = Infinity;
    for (let count = 0; tookMs > 20; count += 1) {
      expect(count).to.be.below(100);
      await eventually('everything is written', () => file.bufferedBytes === 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
      const { writeCount } = disk;
      const startMs = performance.now();
      log('x'.repeat(200_000), 'x'.repeat(200_000));
      while (disk.writeCount === writeCount) await new Promise((resolve) => setImmediate(resolve));
      tookMs = performance.now() - startMs;
    }
  });

  it('batches the lines that follow during a write', async () => {
    disk.state = 'slow';
    log('one');
    await eventually('a write is in progress', () => disk.writeCount === 1);
    // The timer may count from the beginning of a turn.
    await new Promise((resolve) => setImmediate(resolve));
    const startMs = performance.now();
    log('two');
    disk.release();
    while (disk.writeCount < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(performance.now() - startMs).to.be.above(30);
  });

  it('writes an entry that is longer than a chunk', async () => {
    log('one');
    await eventually('everything is written', () => readFileSync(path, 'latin1') === 'one\n');
    await new Promise((resolve) => setTimeout(resolve, 10));
    log('x'.repeat(300_000), 'two');
    expect(await written()).to.deep.equal(['one', 'x'.repeat(300_000), 'two']);
  });

  it('reports a full disk once, counts lost entries, and continues when there is space', async () => {
    disk.state = 'full';
    for (let index = 1; index <= 10; index += 1) {
      log(`line ${index}`);
      await eventually('the write has failed', () => disk.writeCount === index);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(errors).to.deep.equal(['ENOSPC: no space left on device']);
    disk.state = 'sound';
    log('room again');
    const got = await written();
    expect(got).to.have.members(['room again', '10 log entries lost here: the disk was too slow or not writable']);
  });

  it('reports a full disk again after a successful write', async () => {
    for (const state of ['full', 'sound', 'full'] as const) {
      disk.state = state;
      const { writeCount } = disk;
      log(state);
      await eventually('it was tried', () => disk.writeCount > writeCount);
      await new Promise((resolve) => setImmediate(resolve));
      await eventually('it is over', () => state === 'full' || readFileSync(path, 'latin1').includes(state));
    }
    await eventually('an error is reported', () => errors.length > 1);
    expect(errors).to.have.lengthOf(2);
  });

  it('recreates a deleted file, reports it once, and counts lost entries', async () => {
    log('there');
    await eventually('it is on disk', () => readFileSync(path, 'latin1') === 'there\n');
    rmSync(dirname(path), { recursive: true });
    log('lost');
    await eventually('it is there again', () => {
      log('lost or not');
      return existsSync(path);
    });
    log('there again');
    const lines = await written();
    expect(lines.at(-1)).to.equal('there again');
    expect(lines.join('\n')).to.match(/^\d+ log entr(y|ies) lost here/m);
    expect(errors).to.deep.equal(['the file was deleted and has been recreated']);
  });

  it('continues if a deleted file cannot be recreated, reports it once, and recreates it later', async () => {
    log('there');
    await eventually('it is on disk', () => readFileSync(path, 'latin1') === 'there\n');
    rmSync(dirname(path), { recursive: true });
    writeFileSync(dirname(path), 'a file in place of the folder');
    await eventually('an error is reported', () => {
      log('lost');
      return errors.length > 0;
    });
    rmSync(dirname(path));
    await eventually('it is there again', () => {
      log('lost or not');
      return existsSync(path);
    });
    expect(errors).to.have.lengthOf(1);
    expect(await written()).to.have.length.above(0);
  });

  it('starts a new line behind one that was written partially', async () => {
    disk.state = 'filling';
    log('a line that is torn');
    await eventually('an error is reported', () => errors.length > 0);
    disk.state = 'sound';
    log('whole');
    expect(await written()).to.deep.equal([
      'a line tha',
      '1 log entry lost here: the disk was too slow or not writable',
      'whole',
    ]);
  });

  describe('with a maximum size', () => {
    /** Returns names and texts of the files, the oldest first. */
    function kept(): { readonly names: string[]; readonly texts: string[] } {
      const names = readdirSync(dirname(path)).sort();
      return { names, texts: names.map((name) => readFileSync(join(dirname(path), name), 'latin1')) };
    }

    async function reopen(bounds: { readonly maxFileBytes: number; readonly maxFiles: number }): Promise<void> {
      await close();
      rmSync(dirname(path), { recursive: true });
      file = open(bounds);
    }

    it('rotates files without splitting lines, and keeps the newest', async () => {
      await reopen({ maxFileBytes: 1_000, maxFiles: 3 });
      let last = 0;
      for (let round = 0; round < 200; round += 1) {
        // Entries of many lines of any length.
        const lines = Array.from({ length: round % 40 }, () => `${(last += 1)} ${'x'.repeat(last % 90)}`);
        log(...(lines.length === 0 ? [] : [lines.join('\n')]));
        if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await close();
      const { texts } = kept();
      expect(texts).to.have.lengthOf(3);
      const numbers = texts.flatMap((text) => {
        expect(text.length).to.be.within(1, 1_000);
        expect(text.endsWith('\n')).to.equal(true);
        return text
          .slice(0, -1)
          .split('\n')
          .map((line) => {
            const [, number = '', rest = ''] = /^(\d+) (x*)$/.exec(line) ?? [];
            expect(rest).to.have.lengthOf(Number(number) % 90);
            return Number(number);
          });
      });
      expect(numbers).to.deep.equal(Array.from(numbers, (_, index) => last - numbers.length + 1 + index));
      // A new file is begun when the next line does not fit.
      for (const text of texts.slice(0, -1)) expect(text.length).to.be.above(1_000 - 95);
      expect(errors).to.deep.equal([]);
    });

    it('deletes the oldest log files, those of earlier starts included, and no other files', async () => {
      await close();
      const others = ['2026-10-01T00-00-00.000Z.error.log', 'notes.log', '2026-10-01T00-00-00.000Z.log.gz'];
      const earlier = ['01', '02', '03', '04'].map((day) => `2026-10-${day}T00-00-00.000Z.log`);
      for (const name of [...others, ...earlier]) writeFileSync(folder.pathTo('Blake', name), 'x');
      mkdirSync(folder.pathTo('Blake', '2026-09-01T00-00-00.000Z.log'));
      rmSync(path);
      file = open({ maxFileBytes: 1_000, maxFiles: 3 });
      log('first');
      await close();
      const names = () => readdirSync(dirname(path)).filter((name) => statSync(folder.pathTo('Blake', name)).isFile());
      expect(names()).to.have.members([...others, ...earlier.slice(2), '2026-11-01T00-00-00.000Z.log']);
    });

    it('reserves space in a file for the line about lost entries', async () => {
      await reopen({ maxFileBytes: 1_000, maxFiles: 3 });
      disk.state = 'full';
      log('lost');
      await eventually('an error is reported', () => errors.length > 0);
      disk.state = 'sound';
      log('x'.repeat(899));
      await close();
      for (const text of kept().texts) expect(text.length).to.be.at.most(1_000);
      expect(kept().texts.join('')).to.contain('1 log entry lost here');
    });

    it('writes a line that is longer than the maximum into a file of its own', async () => {
      await reopen({ maxFileBytes: 1_000, maxFiles: 4 });
      const lines = ['before', 'x'.repeat(2_000), 'behind'];
      log(lines.join('\n'));
      await close();
      expect(kept().texts).to.deep.equal(lines.map((line) => `${line}\n`));
    });

    it('drops entries if no new file can be created, reports it once, and continues later', async () => {
      await reopen({ maxFileBytes: 1_000, maxFiles: 3 });
      log('x'.repeat(900));
      await eventually('it is on disk', () => kept().texts.join('').length > 900);
      // A file in place of the folder, so that no file can be created.
      rmSync(dirname(path), { recursive: true });
      writeFileSync(dirname(path), '');
      for (let index = 0; index < 3; index += 1) {
        log('y'.repeat(900));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await eventually('an error is reported', () => errors.length > 0);
      rmSync(dirname(path));
      await eventually('it goes on', () => {
        log('z'.repeat(900));
        return existsSync(dirname(path)) && kept().texts.join('').includes('z'.repeat(900));
      });
      await close();
      expect(errors).to.have.lengthOf(1);
    });
  });

  it('is readable by owner and group only, whatever the umask allows', async () => {
    const umask = process.umask(0);
    try {
      await close();
      rmSync(dirname(path), { recursive: true });
      file = open({ maxFileBytes: 1_000, maxFiles: 3 });
      log(...Array.from({ length: 20 }, () => 'x'.repeat(100)));
      await close();
    } finally {
      process.umask(umask);
    }
    const mode = (name: string) => (statSync(name).mode & 0o777).toString(8);
    expect(mode(dirname(path))).to.equal('750');
    const names = readdirSync(dirname(path));
    expect(names).to.have.lengthOf(3);
    for (const name of names) expect(mode(join(dirname(path), name))).to.equal('640');
  });

  it('closes with a full disk', async () => {
    disk.state = 'full';
    log('one', 'two');
    await close();
    expect(readFileSync(path, 'latin1')).to.equal('');
  });
});
