import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { GCProfiler } from 'node:v8';
import { expect } from 'chai';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import type { Client } from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { FakeDisk } from '../../support/fake-disk.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { HerdInProcess } from '../../support/herd-in-process.js';

/** Commands per chunk. */
const commands = 100;

/** Neighbours of the server that receives the reports. */
const neighbours = ['Bryant', 'Gasol', 'Howard'];

/*
 * Guards the cost of an update by counts that are the same on every machine: messages, events, writes and allocated bytes. See
 * docs/explanation/performance.md for the reasons.
 */
describe('the hot path', function () {
  this.timeout(30_000);
  let folder: TemporaryFolder;
  let herd: HerdInProcess;
  let client: Client;
  let seconds: number;

  beforeEach(async () => {
    folder = new TemporaryFolder();
    herd = new HerdInProcess({ links: neighbours.map((name) => `Blake-${name}`), logDir: folder.path });
    await herd.start();
    client = await herd.client('Blake');
    seconds = 0;
    // Warm-up: all clients are known.
    await herd.waitForAgreement(await report());
  });

  afterEach(async () => {
    await herd.stop();
    folder.remove();
  });

  /** Reports a hundred clients to Blake in one chunk; returns the last response. */
  async function report(): Promise<string> {
    seconds += 1;
    const lines = Array.from({ length: commands }, (_, index) => `IAMAT phone-${index}.example.org +1+1 ${seconds}\n`);
    client.socket.write(lines.join(''));
    let last = '';
    for (let answered = 0; answered < commands; answered += 1) last = await client.line();
    return last;
  }

  it('sends one message per actor and one event per stream for a chunk of any size', async () => {
    const sent = sentOn(herd.bus('Blake'));
    const events: Record<string, number> = {};
    herd.bus('Blake').on('lines', ({ party, direction, lines }) => {
      if ([...lines].some((line) => line.includes('phone-'))) count(events, `${party} ${direction}`);
    });
    herd.bus('Blake').on('locations-learned', () => count(events, 'learned'));
    await report();

    const kinds: Record<string, number> = {};
    // A timer of the initial comparison of a link may fire meanwhile; it is not part of the path of a report.
    for (const { kind } of sent) if (kind !== 'compare-due') count(kinds, kind);
    expect(kinds).to.deep.equal({ bytes: 1, report: 1, replicate: 1, forward: neighbours.length, drained: 1 });
    expect(events).to.deep.equal({ 'client in': 1, 'client out': 1, learned: 1, 'peer out': neighbours.length });
    const forwards = sent.filter((message): message is Extract<LinkMessage, { kind: 'forward' }> => {
      return message.kind === 'forward';
    });
    expect(new Set(forwards.map((message) => message.batch)).size, 'batches').to.equal(1);
  });

  it('decodes no line of a report, on any server', async () => {
    const learned: Record<string, number> = {};
    for (const server of ['Blake', ...neighbours]) {
      herd.bus(server).on('locations-learned', ({ batch }) => (learned[server] = batch.count));
    }
    const decoding = spyOnDecoding();
    try {
      await report();
    } finally {
      decoding.stop();
    }
    expect(learned).to.deep.equal(Object.fromEntries(['Blake', ...neighbours].map((name) => [name, commands])));
    expect(decoding.texts).to.deep.equal([]);
  });

  it('publishes all cached upstream responses to a chunk in one event', async () => {
    const queries = 50;
    const question = 'WHATSAT phone-1.example.org 10 1\n';
    client.socket.write(question);
    for (let line = 0; line < 2; line += 1) await client.line();
    const lineCounts: number[] = [];
    herd.bus('Blake').on('lines', ({ party, direction, lines }) => {
      if (party === 'client' && direction === 'out') lineCounts.push(lines.length);
    });
    client.socket.write(question.repeat(queries));
    for (let line = 0; line < 2 * queries; line += 1) await client.line();
    expect(lineCounts).to.deep.equal([2 * queries]);
  });

  it('writes once to the client and rarely to the log for a chunk', async () => {
    const writes = countWritesTo(client.socket.localPort ?? 0);
    const disk = new FakeDisk();
    try {
      await report();
      expect(writes.count).to.equal(1);
      await eventually('it is in the log', () => disk.writeCount > 0);
      // Per server one write for earlier events and one for this chunk.
      expect(disk.writeCount).to.be.at.most(2 * (1 + neighbours.length));
    } finally {
      writes.stop();
      disk.restore();
    }
  });

  it('allocates little per update in all servers together', async () => {
    const load = await QuietClient.connect(client.socket.remotePort ?? 0);
    const lines = Array.from({ length: commands }, (_, index) => `IAMAT phone-${index}.example.org +1+1 1000000000\n`);
    const chunk = Buffer.from(lines.join(''));
    /** Reports all clients, each a second later than before. */
    const reportAll = async () => {
      seconds += 1;
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', end + 1)) {
        chunk.write(String(1_000_000_000 + seconds), end - 10);
      }
      await load.send(chunk, commands);
    };
    try {
      for (let warm = 0; warm < 300; warm += 1) await reportAll();
      const chunks = 100;
      const profiler = new GCProfiler();
      profiler.start();
      const before = process.memoryUsage().heapUsed;
      for (let round = 0; round < chunks; round += 1) await reportAll();
      const after = process.memoryUsage().heapUsed;
      const { statistics } = profiler.stop();
      const collected = statistics.reduce(
        (bytes, { beforeGC, afterGC }) =>
          bytes + beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize,
        0,
      );
      const bytesPerUpdate = (after - before + collected) / (chunks * commands);
      // Measured: 240, for four servers and chunks of a hundred commands.
      expect(bytesPerUpdate).to.be.within(1, 600);
    } finally {
      load.close();
    }
  });
});

/** A client that allocates nothing per line. */
class QuietClient {
  private expected = 0;
  private onAnswered = (): void => undefined;

  private constructor(private readonly socket: Socket) {}

  static async connect(port: number): Promise<QuietClient> {
    const buffer = Buffer.allocUnsafe(65_536);
    const holder: { client?: QuietClient } = {};
    const callback = (bytes: number): boolean => {
      holder.client?.receive(buffer, bytes);
      return true;
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
    await once(socket, 'connect');
    return (holder.client = new QuietClient(socket));
  }

  /** Sends commands; resolves when all of them are answered. */
  async send(chunk: Buffer, lines: number): Promise<void> {
    this.expected += lines;
    const answered = new Promise<void>((resolve) => (this.onAnswered = resolve));
    this.socket.write(chunk);
    await answered;
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(buffer: Buffer, bytes: number): void {
    for (let at = buffer.indexOf(10); at >= 0 && at < bytes; at = buffer.indexOf(10, at + 1)) this.expected -= 1;
    if (this.expected === 0) this.onAnswered();
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Records the messages sent on a bus from now on. */
function sentOn(bus: MessageBus): { kind: string }[] {
  const sent: { kind: string }[] = [];
  const send = bus.send.bind(bus);
  bus.send = (to, message) => {
    sent.push(message as { kind: string });
    send(to, message);
  };
  return sent;
}

/** Keeps the texts that are decoded from buffers. */
function spyOnDecoding(): { readonly texts: string[]; stop(): void } {
  const text: (start: number, end: number) => string = Reflect.get(WordBuffer.prototype, 'text');
  const texts: string[] = [];
  WordBuffer.prototype.text = function (this: WordBuffer, start, end) {
    const decoded = text.call(this, start, end);
    texts.push(decoded);
    return decoded;
  };
  return { texts, stop: () => (WordBuffer.prototype.text = text) };
}

/** Counts the writes of this process to a remote port. */
function countWritesTo(port: number): { count: number; stop(): void } {
  const write = Reflect.get(Socket.prototype, 'write') as (...args: unknown[]) => boolean;
  const writes = { count: 0, stop: () => void Reflect.set(Socket.prototype, 'write', write) };
  Reflect.set(Socket.prototype, 'write', function (this: Socket, ...args: unknown[]) {
    if (this.remotePort === port) writes.count += 1;
    return Reflect.apply(write, this, args);
  });
  return writes;
}
