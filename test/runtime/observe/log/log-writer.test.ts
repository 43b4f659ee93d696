import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LogBuffer } from '../../../../src/runtime/observe/log/log-buffer.js';
import { LogFiles } from '../../../../src/runtime/observe/log/log-files.js';
import { LogWriter } from '../../../../src/runtime/observe/log/log-writer.js';
import { FakeDisk } from '../../../support/fake-disk.js';
import { TemporaryFolder } from '../../../support/temporary-folder.js';

const line = 'x'.repeat(1_023);

describe('LogWriter', () => {
  let folder: TemporaryFolder;
  let disk: FakeDisk;

  beforeEach(() => {
    folder = new TemporaryFolder();
    disk = new FakeDisk();
  });

  afterEach(() => {
    disk.restore();
    folder.remove();
  });

  /** Writes what `fill` adds to a buffer; returns the lines of the file. */
  async function written(fill: (buffer: LogBuffer) => void): Promise<string[]> {
    const buffer = new LogBuffer();
    const files = new LogFiles(folder.pathTo('Blake'), '.log', 4, 0);
    const writer = new LogWriter(buffer, files, 1e9, (error) => expect.fail(error.message));
    fill(buffer);
    await new Promise<void>((resolve) => writer.close(resolve));
    return readFileSync(files.path, 'latin1').split('\n').slice(0, -1);
  }

  function append(buffer: LogBuffer, count: number): void {
    for (let index = 0; index < count; index += 1) buffer.append(line);
  }

  it('writes many full chunks with few calls', async () => {
    // Of 1 KiB each: 4 chunks.
    expect(await written((buffer) => append(buffer, 1_000))).to.have.lengthOf(1_000);
    expect(disk.writeCount).to.be.at.most(2);
  });

  it('tells of dropped lines in their place, between chunks that could be written together', async () => {
    const lines = await written((buffer) => {
      append(buffer, 10);
      buffer.drop(3);
      append(buffer, 1_000);
    });
    expect(lines[10]).to.match(/^3 log entries lost here/);
    expect(lines).to.have.lengthOf(1_011);
  });

  it('completes a write of several chunks of which the disk has taken a part', async () => {
    disk.state = 'short';
    const lines = await written((buffer) => append(buffer, 1_000));
    expect(lines).to.deep.equal(Array.from({ length: 1_000 }, () => line));
  });
});
