import { expect } from 'chai';
import { LogBuffer } from '../../../../src/runtime/observe/log/log-buffer.js';

const chunkBytes = 256 * 1024;

describe('LogBuffer', () => {
  let buffer: LogBuffer;

  beforeEach(() => {
    buffer = new LogBuffer();
  });

  /** Fills chunks; each line takes 1 KiB. */
  function fill(lines: number): void {
    for (let line = 0; line < lines; line += 1) buffer.append('x'.repeat(1_023));
  }

  /** Removes the oldest chunk as if it was written; returns its memory. */
  function write(): ArrayBufferLike | undefined {
    const { oldest } = buffer;
    oldest?.take(oldest.end);
    buffer.release();
    return oldest?.bytes.buffer;
  }

  it('takes no memory before the first line', () => {
    expect(buffer.oldest).to.equal(undefined);
    buffer.append('one');
    expect(buffer.oldest?.size).to.equal(chunkBytes);
  });

  it('reuses the memory of at most four chunks', () => {
    const writeAll = () => {
      const memories = new Set<unknown>();
      while (buffer.length > 0) memories.add(write());
      return memories;
    };
    fill(10 * 256);
    const first = writeAll();
    expect(first.size).to.be.at.least(10);
    fill(10 * 256);
    const second = writeAll();
    expect([...second].filter((memory) => first.has(memory))).to.have.lengthOf(4);
  });

  it('appends to a chunk of which a part is being written', () => {
    buffer.append('one');
    const { oldest } = buffer;
    expect(oldest?.take(oldest.end)).to.equal(1);
    buffer.append('two');
    expect(oldest?.text(oldest.start - 4, oldest.end)).to.equal('one\ntwo\n');
    expect(buffer.release()).to.equal(0);
    expect(buffer.length).to.equal(4);
    expect(oldest?.take(oldest.end)).to.equal(1);
    buffer.release();
    buffer.append('three');
    expect(buffer.oldest?.text(buffer.oldest.start, buffer.oldest.end)).to.equal('three\n');
  });

  it('takes an entry that is longer than a chunk', () => {
    buffer.append('one');
    buffer.append('x'.repeat(2 * chunkBytes));
    buffer.append('two');
    expect(buffer.length).to.equal(2 * chunkBytes + 9);
  });

  it('finds the lines that fit', () => {
    for (const line of ['one', 'two', 'three']) buffer.append(line);
    const { oldest } = buffer;
    const fit = (maxBytes: number, mustFit = false) =>
      (oldest?.findSplit(maxBytes, mustFit) ?? 0) - (oldest?.start ?? 0);
    expect([14, 13, 8, 7, 4, 3, 0, -1].map((maxBytes) => fit(maxBytes))).to.deep.equal([14, 8, 8, 4, 4, 0, 0, 0]);
    expect([8, 4, 3, 0, -1].map((maxBytes) => fit(maxBytes, true))).to.deep.equal([8, 4, 4, 4, 4]);
  });

  it('counts the lines of a part', () => {
    for (const line of ['one', 'two', 'three']) buffer.append(line);
    const { oldest } = buffer;
    expect(oldest?.take(oldest.start + 8)).to.equal(2);
    expect(oldest?.lines).to.equal(1);
  });

  it('counts dropped lines behind those that were queued', () => {
    fill(64 * 256);
    const kept = buffer.length / 1_024;
    expect(kept).to.equal(64 * 255);
    buffer.append('dropped');
    expect(write()).to.not.equal(undefined);
    // There is space again, but not in the chunk in front of the gap.
    buffer.append('behind the gap');
    let dropped = 0;
    while (buffer.hasFullChunk) {
      const { oldest } = buffer;
      oldest?.take(oldest.end);
      dropped += buffer.release();
    }
    expect(dropped).to.equal(64 * 256 - kept + 1);
    expect(buffer.oldest?.text(buffer.oldest.start, buffer.oldest.end)).to.equal('behind the gap\n');
  });

  it('drops everything when it is cleared', () => {
    fill(65 * 256);
    expect(buffer.clear()).to.equal(65 * 256);
    expect(buffer.length).to.equal(0);
    expect(buffer.clear()).to.equal(0);
  });
});
