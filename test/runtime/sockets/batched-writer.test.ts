import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { BatchedWriter } from '../../../src/runtime/sockets/batched-writer.js';
import { BufferPool } from '../../../src/runtime/sockets/buffer-pool.js';
import { Turn } from '../../../src/runtime/time/turn.js';
import { eventually } from '../../support/eventually.js';

for (const kind of ['a buffer of its own', 'buffers of a pool'])
  describe(`BatchedWriter with ${kind}`, () => {
    let pool: BufferPool | undefined;
    let server: Server;
    let near: Socket;
    let remote: Socket;
    let writer: BatchedWriter;
    let writes: string[];
    let drains: number;

    beforeEach(async () => {
      server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      near = connect((server.address() as AddressInfo).port, '127.0.0.1');
      [remote] = (await once(server, 'connection')) as [Socket];
      await once(near, 'connect');
      writes = [];
      drains = 0;
      const write = near.write.bind(near);
      near.write = (text: string | Uint8Array, encoding?: unknown, taken?: (error?: Error | null) => void) => {
        writes.push(String(text));
        return write(text, encoding as BufferEncoding, taken);
      };
      pool = kind === 'buffers of a pool' ? new BufferPool() : undefined;
      writer = new BatchedWriter(near, new Turn().clients, () => (drains += 1), pool);
    });

    afterEach(() => {
      near.destroy();
      remote.destroy();
      server.close();
    });

    /** Collects the text received by the remote end from now on. */
    function received(): () => string {
      const chunks: Buffer[] = [];
      remote.on('data', (chunk: Buffer) => chunks.push(chunk));
      return () => Buffer.concat(chunks).toString('latin1');
    }

    it('combines all text of a turn into one write', async () => {
      const text = received();
      for (const part of ['one ', 'two ', 'three']) writer.write(part);
      expect(writes).to.deep.equal([]);
      expect(writer.backlogBytes).to.equal('one two three'.length);
      await eventually('it is here', () => text() === 'one two three');
      expect(writes).to.deep.equal(['one two three']);
      writer.write(' four');
      await eventually('the next turn is here', () => text() === 'one two three four');
      expect(writes).to.have.lengthOf(2);
    });

    it('writes latin1 bytes, not UTF-8', async () => {
      const text = received();
      writer.write('\xff\x00\x80é');
      await eventually('it is here', () => text() === '\xff\x00\x80é');
    });

    for (const bytes of [4_096, 300_000]) {
      it(`reports that a backlog of ${bytes} bytes is drained, even if the system took it at once`, async () => {
        const text = received();
        writer.write('x'.repeat(bytes));
        expect(writer.backlogBytes).to.equal(bytes);
        await eventually('it says so', () => drains > 0, 5_000);
        expect(writer.backlogBytes).to.equal(0);
        await eventually('it is here', () => text().length === bytes);
      });
    }

    it('reports that a backlog of small writes below the high-water mark of Node is drained', async () => {
      // As if the operating system took nothing.
      near.cork();
      for (let part = 0; part < 4; part += 1) {
        writer.write('x'.repeat(2_000));
        writer.flush();
      }
      const queued = 3;
      expect(writer.backlogBytes, 'with the memory of writes that wait for others').to.equal(8_000 + queued * 256);
      expect(near.writableNeedDrain, 'Node itself reports nothing').to.equal(false);
      expect(drains).to.equal(0);
      near.uncork();
      await eventually('it says so', () => drains > 0);
      expect(drains).to.equal(1);
      expect(writer.backlogBytes).to.equal(0);
    });

    it('counts the backlog of a slow reader and reports when it is drained', async () => {
      const block = 'x'.repeat(1_000_000);
      let written = 0;
      // Until the buffers of both ends are full.
      await eventually('the backlog grows', () => {
        if (writer.backlogBytes > 4 * block.length) return true;
        writer.write(block);
        written += block.length;
        return false;
      });
      drains = 0;
      let received = 0;
      remote.on('data', (chunk: Buffer) => (received += chunk.length));
      await eventually('it says so', () => drains > 0);
      expect(writer.backlogBytes).to.equal(0);
      await eventually('all is here', () => received === written);
    });

    it('does not change what a slow reader has not read yet', async () => {
      let written = '';
      await eventually('the backlog grows', () => {
        if (near.writableLength > 500_000) return true;
        const block = String(written.length % 1_000_000).padEnd(100_000, 'x');
        writer.write(block);
        written += block;
        return false;
      });
      // As another writer would.
      const buffers = Array.from({ length: 1_000 }, () => pool?.acquire(1)).filter((buffer) => buffer !== undefined);
      for (const buffer of buffers) buffer.fill('?');
      const text = received();
      await eventually('all is here', () => text().length === written.length);
      expect(text() === written).to.equal(true);
      for (const buffer of buffers) pool?.release(buffer);
      expect(
        Array.from({ length: 64 }, () => pool?.acquire(1)),
        'all are released',
      ).to.not.include(pool === undefined ? '' : undefined);
    });

    it('delivers buffered text before closing', async () => {
      const text = received();
      const large = 'x'.repeat(1_000_000);
      writer.write(large);
      writer.write('the end');
      writer.close();
      await once(remote, 'end');
      expect(text() === `${large}the end`).to.equal(true);
      await eventually('the socket is closed', () => near.closed);
    });

    it('ignores writes to a closed socket', async () => {
      near.destroy();
      writer.write('too late');
      await new Promise((resolve) => setImmediate(resolve));
      writer.close();
      expect(writes).to.deep.equal([]);
    });
  });
