import { expect } from 'chai';
import { ResponseCounter } from '../../bench/load/response-counter.js';
import { CommandWriter } from '../../bench/load/command-writer.js';
import type { Workload } from '../../bench/load/load-job.js';

const at = 'AT Metta +0.1 phone0000001 +34.068930-118.445127 1.5\n';

/** Feeds a text in chunks of `chunkBytes`; returns the number of responses counted. */
function receiveInChunks(counter: ResponseCounter, text: string, chunkBytes: number): number {
  let count = 0;
  for (let from = 0; from < text.length; from += chunkBytes) {
    const bytes = Buffer.from(text.slice(from, from + chunkBytes));
    count += counter.receive(bytes, bytes.length);
  }
  return count;
}

describe('ResponseCounter', () => {
  it('counts responses independently of chunk boundaries', () => {
    for (const chunkBytes of [1, 7, 1_000]) {
      const counter = new ResponseCounter(false);
      expect(receiveInChunks(counter, at.repeat(3), chunkBytes)).to.equal(3);
      expect(counter.wrongCount).to.equal(0);
    }
  });

  it('counts a response of two lines once, and an error response as wrong', () => {
    const counter = new ResponseCounter(true);
    expect(receiveInChunks(counter, `${at}{"results":[]}\n? WHATSAT unknown 10 5\n${at}{}\n`, 3)).to.equal(3);
    expect(counter.wrongCount).to.equal(1);
  });
});

describe('CommandWriter', () => {
  /** Writes commands one after the other over a filled buffer. */
  function writeAll(workload: Workload, clients: readonly number[]): string {
    const commands = new CommandWriter(workload, 1_700_000_000);
    const buffer = Buffer.alloc(clients.length * commands.bytesPerCommand);
    commands.fill(buffer);
    clients.forEach((client, index) => commands.write(buffer, index * commands.bytesPerCommand, client));
    return buffer.toString();
  }

  it('writes reports, each newer than the previous one', () => {
    expect(writeAll('iamat', [1, 9])).to.equal(
      'IAMAT phone0000001 +34.068930-118.445127 1700000000.000000001\n' +
        'IAMAT phone0000009 +34.068930-118.445127 1700000000.000000002\n',
    );
  });

  it('writes queries', () => {
    expect(writeAll('whatsat', [10, 1234567])).to.equal('WHATSAT phone0000010 10 5\nWHATSAT phone1234567 10 5\n');
  });
});
