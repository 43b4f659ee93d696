import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { BatchFile } from '../../../src/runtime/log/batch-file.js';
import { eventually } from '../../support/eventually.js';
import { FakeDisk } from '../../support/fake-disk.js';
import { FakeFolder } from '../../support/fake-folder.js';

const MESSAGE = Symbol.for('message');

describe('BatchFile', () => {
  let folder: FakeFolder;
  let path: string;
  let disk: FakeDisk;
  let file: BatchFile;
  let troubles: string[];
  let state: 'open' | 'closed';

  beforeEach(() => {
    folder = new FakeFolder();
    path = folder.to('Blake', 'today.log');
    disk = new FakeDisk();
    troubles = [];
    file = new BatchFile(path, 'info', (error) => troubles.push(error.message));
    state = 'open';
    file.on('finish', () => (state = 'closed'));
  });

  afterEach(async () => {
    disk.restore();
    await close();
    folder.remove();
  });

  function log(...lines: string[]): void {
    for (const line of lines) file.log({ [MESSAGE]: line }, () => undefined);
  }

  async function close(): Promise<void> {
    file.end();
    await eventually('the file is closed', () => state === 'closed');
  }

  /** The lines of the file once all is written. */
  async function written(): Promise<string[]> {
    await close();
    const text = readFileSync(path, 'latin1');
    expect(text === '' || text.endsWith('\n'), 'ends with a line end').to.equal(true);
    return text.split('\n').slice(0, -1);
  }

  it('makes its folder, and an empty file', async () => {
    expect(existsSync(path)).to.equal(true);
    expect(await written()).to.deep.equal([]);
  });

  it('never writes into a file that is there already', () => {
    expect(() => new BatchFile(path, 'info', () => undefined)).to.throw('EEXIST');
  });

  it('writes every line, in order and to the byte, and has lost none when it is closed', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `${index} \xff\x80`);
    log(...lines);
    expect(await written()).to.deep.equal(lines);
    expect(troubles).to.deep.equal([]);
  });

  it('makes few writes of many lines', async () => {
    for (let round = 0; round < 100; round += 1) {
      log(...Array.from({ length: 100 }, (_, index) => `${round} ${index}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await written()).to.have.lengthOf(10_000);
    expect(disk.writes).to.be.below(250);
  });

  it('writes the rest of what the system took only in part', async () => {
    disk.state = 'short';
    log('one', 'two', 'three', 'x'.repeat(1_000));
    expect(await written()).to.deep.equal(['one', 'two', 'three', 'x'.repeat(1_000)]);
  });

  it('closes only when a slow disk has taken everything', async () => {
    disk.state = 'slow';
    log('one', 'two');
    file.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(state).to.equal('open');
    disk.release();
    await close();
    expect(readFileSync(path, 'latin1')).to.equal('one\ntwo\n');
  });

  it('keeps no more than 16 MiB for a slow disk, counts what it drops, and goes on', async () => {
    disk.state = 'slow';
    log('first');
    const line = 'x'.repeat(1_023);
    const lines = 20_000;
    for (let index = 0; index < lines; index += 1) log(line);
    disk.release();
    await eventually('the disk has taken it', () => readFileSync(path).length > 1_000_000);
    await eventually('it has said what is lost', () => readFileSync(path, 'latin1').includes('lines were lost'));
    log('last');
    const got = await written();
    expect(got[0]).to.equal('first');
    expect(got.at(-1)).to.equal('last');
    const kept = got.filter((text) => text === line).length;
    expect(kept).to.be.within(16_384, 16_385);
    expect(got.at(-2)).to.equal(
      `${lines - kept} times lines were lost here, because the disk was too slow or could not be written`,
    );
    expect(got).to.have.lengthOf(kept + 3);
  });

  it('says once that a disk is full, counts what it cannot write, and goes on when there is room', async () => {
    disk.state = 'full';
    for (let index = 1; index <= 10; index += 1) {
      log(`line ${index}`);
      await eventually('the write has failed', () => disk.writes === index);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(troubles).to.deep.equal(['ENOSPC: no space left on device']);
    disk.state = 'sound';
    log('room again');
    const got = await written();
    expect(got).to.have.members([
      'room again',
      '10 times lines were lost here, because the disk was too slow or could not be written',
    ]);
  });

  it('says again that a disk is full after it was not', async () => {
    for (const state of ['full', 'sound', 'full'] as const) {
      disk.state = state;
      const { writes } = disk;
      log(state);
      await eventually('it was tried', () => disk.writes > writes);
      await new Promise((resolve) => setImmediate(resolve));
      await eventually('it is over', () => state === 'full' || readFileSync(path, 'latin1').includes(state));
    }
    await eventually('it is said', () => troubles.length > 1);
    expect(troubles).to.have.lengthOf(2);
  });

  it('is begun anew when it was deleted, says so once, and counts what was lost', async () => {
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
    expect(lines.join('\n')).to.match(/^\d+ times lines were lost here/m);
    expect(troubles).to.deep.equal(['it was deleted, and is begun anew']);
  });

  it('goes on when it was deleted and cannot be begun anew, says so once, and is there when it can', async () => {
    log('there');
    await eventually('it is on disk', () => readFileSync(path, 'latin1') === 'there\n');
    rmSync(dirname(path), { recursive: true });
    writeFileSync(dirname(path), 'a file in place of the folder');
    await eventually('trouble is told', () => {
      log('lost');
      return troubles.length > 0;
    });
    rmSync(dirname(path));
    await eventually('it is there again', () => {
      log('lost or not');
      return existsSync(path);
    });
    expect(troubles).to.have.lengthOf(1);
    expect(await written()).to.have.length.above(0);
  });

  it('closes though the disk is full', async () => {
    disk.state = 'full';
    log('one', 'two');
    await close();
    expect(readFileSync(path, 'latin1')).to.equal('');
  });
});
