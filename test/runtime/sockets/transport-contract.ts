import { expect } from 'chai';
import fc from 'fast-check';
import type { AcceptPeer, PeerChannel, Transport } from '../../../src/actors/ports/transport.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { eventually } from '../../support/eventually.js';
import { toServerId } from '../../support/fake-location.js';
import { channelHandler, type ChannelCallbacks } from '../../support/fake-peer-wire.js';

/** Transport of Blake under test. */
export interface TransportUnderTest {
  readonly transport: Transport;
  /** Starts listening at Bryant. */
  listen(accept: AcceptPeer): Promise<void>;
  /** Stops listening. */
  close(): void;
}

/** One end of a channel and its reports. */
class RecordingListener implements ChannelCallbacks {
  wire: PeerChannel | undefined;
  readonly reports: string[] = [];
  readonly receivedLines: string[] = [];

  /** @param onReport is called within each report */
  constructor(private readonly onReport: (wire: PeerChannel, report: string) => void = () => undefined) {}

  opened(wire: PeerChannel): void {
    this.note(wire, 'opened');
  }

  lines(wire: PeerChannel, lines: readonly string[]): void {
    this.receivedLines.push(...lines);
    this.note(wire, 'lines');
  }

  drained(wire: PeerChannel): void {
    this.note(wire, 'drained');
  }

  closed(wire: PeerChannel, reason: string): void {
    this.note(wire, `closed: ${reason}`);
  }

  get isClosed(): boolean {
    return this.reports.some((report) => report.startsWith('closed'));
  }

  private note(wire: PeerChannel, report: string): void {
    this.wire ??= wire;
    expect(wire, 'every report names the same channel').to.equal(this.wire);
    expect(this.isClosed, `${report} after closed`).to.equal(false);
    if (this.reports.at(-1) !== report) this.reports.push(report);
    this.onReport(wire, report);
  }
}

const bryant = toServerId('Bryant');
const nobody = toServerId('Nobody');

/** Arbitrary bytes without line ends. */
const anyLine = fc.uint8Array({ maxLength: 300 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n]/g, '.'),
);

/** Contract of every transport: see `Transport`, `PeerChannel` and `PeerChannelMessage`. */
export function describeTransport(createTransport: () => Promise<TransportUnderTest>): void {
  let tested: TransportUnderTest;
  const wires: PeerChannel[] = [];

  beforeEach(async () => {
    tested = await createTransport();
  });

  afterEach(() => {
    for (const wire of wires.splice(0)) wire.close();
    tested.close();
  });

  /** Dials a server without waiting. */
  function dial(to: ServerId = bryant): { end: RecordingListener; wire: PeerChannel } {
    const end = new RecordingListener();
    const wire = tested.transport.dial(to, channelHandler(end));
    wires.push(wire);
    return { end, wire };
  }

  /** Connects Blake to Bryant; resolves when both ends are open. */
  async function connect() {
    const end = new RecordingListener();
    let accepted: PeerChannel | undefined;
    await tested.listen((wire) => {
      accepted = wire;
      wires.push(wire);
      return channelHandler(end);
    });
    const local = dial();
    await eventually('the dialing end is open', () => local.end.reports.includes('opened'));
    const wire = await eventually('the channel is accepted', () => accepted);
    return { local, remote: { end, wire } };
  }

  it('reports nothing during dial, and opened once afterwards', async () => {
    await tested.listen((wire) => {
      wires.push(wire);
      return channelHandler(new RecordingListener());
    });
    const { end, wire } = dial();
    expect(end.reports).to.deep.equal([]);
    await eventually('the channel is accepted', () => end.reports.length > 0);
    expect(end.reports).to.deep.equal(['opened']);
    expect(end.wire).to.equal(wire);
    expect(wire.isWritable).to.equal(true);
  });

  it('reports opened to the dialing end only', async () => {
    const { local, remote } = await connect();
    local.wire.send('hello');
    await eventually('the line is here', () => remote.end.receivedLines.length > 0);
    expect(remote.end.reports).to.deep.equal(['lines']);
  });

  it('lets the accepting end send first, and reports opened before its lines', async () => {
    await tested.listen((wire) => {
      wires.push(wire);
      wire.send('welcome');
      return channelHandler(new RecordingListener());
    });
    const { end } = dial();
    await eventually('the line is here', () => end.receivedLines.length > 0);
    expect(end.reports).to.deep.equal(['opened', 'lines']);
    expect(end.receivedLines).to.deep.equal(['welcome']);
  });

  it('lets the accepting end reject at once: the dialing end gets the reason and closed', async () => {
    const remote = new RecordingListener();
    await tested.listen((wire) => {
      wire.send('REFUSED too many');
      wire.close();
      return channelHandler(remote);
    });
    const { end } = dial();
    await eventually('both ends are closed', () => end.isClosed && remote.isClosed);
    expect(end.receivedLines).to.deep.equal(['REFUSED too many']);
  });

  it('accepts lines before it is opened', async () => {
    const end = new RecordingListener();
    await tested.listen((wire) => {
      wires.push(wire);
      return channelHandler(end);
    });
    const { wire } = dial();
    wire.send('hello');
    wire.send('world');
    await eventually('the lines are here', () => end.receivedLines.length === 2);
    expect(end.receivedLines).to.deep.equal(['hello', 'world']);
  });

  it('delivers lines complete, once and in order, with any bytes, in both directions at once', async () => {
    const { local, remote } = await connect();
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine), fc.array(anyLine), async (outbound, inbound) => {
        local.end.receivedLines.length = remote.end.receivedLines.length = 0;
        for (const line of outbound) local.wire.send(line);
        for (const line of inbound) remote.wire.send(line);
        await eventually(
          'the lines are here',
          () => remote.end.receivedLines.length >= outbound.length && local.end.receivedLines.length >= inbound.length,
        );
        expect(remote.end.receivedLines).to.deep.equal(outbound);
        expect(local.end.receivedLines).to.deep.equal(inbound);
      }),
      { numRuns: 20 },
    );
  });

  it('delivers the lines of one turn together', async () => {
    const { local, remote } = await connect();
    const batches: number[] = [];
    const take = remote.end.lines.bind(remote.end);
    remote.end.lines = (wire, lines) => {
      batches.push(lines.length);
      take(wire, lines);
    };
    for (let line = 0; line < 100; line += 1) {
      // A long turn.
      if (line === 50) for (const untilMs = performance.now() + 3; performance.now() < untilMs;);
      local.wire.send(`line ${line}`);
    }
    await eventually('the lines are here', () => remote.end.receivedLines.length === 100);
    expect(batches).to.deep.equal([100]);
  });

  it('is not writable under load, reports drained afterwards, and loses nothing', async () => {
    const { local, remote } = await connect();
    const sent: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      local.end.reports.length = 0;
      while (local.wire.isWritable) {
        expect(sent.length, 'isWritable becomes false').to.be.below(100_000);
        sent.push(`${sent.length} ${'x'.repeat(100)}`);
        local.wire.send(sent.at(-1) ?? '');
      }
      await eventually('it is writable again', () => local.end.reports.includes('drained'));
      expect(local.wire.isWritable).to.equal(true);
    }
    await eventually('all lines are here', () => remote.end.receivedLines.length === sent.length);
    expect(remote.end.receivedLines).to.deep.equal(sent);
  });

  it('delivers lines sent before close, and reports closed once at both ends', async () => {
    for (const closer of ['local', 'remote'] as const) {
      const ends = await connect();
      const here = ends[closer];
      const there = ends[closer === 'local' ? 'remote' : 'local'];
      const sent = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
      for (const line of sent) here.wire.send(line);
      here.wire.close();
      here.wire.close();
      here.wire.send('too late');
      await eventually('both ends are closed', () => here.end.isClosed && there.end.isClosed);
      expect(there.end.receivedLines).to.deep.equal(sent);
      expect(here.end.reports.at(-1)).to.equal('closed: closed locally');
      expect(there.end.reports.at(-1)).to.equal('closed: the remote end closed');
      there.wire.send('too late as well');
      there.wire.close();
      tested.close();
    }
  });

  it('can be closed within any report, and reports nothing after closed', async () => {
    for (const moment of ['opened', 'lines']) {
      const remote = new RecordingListener();
      await tested.listen((wire) => {
        wires.push(wire);
        wire.send('one');
        wire.send('two');
        return channelHandler(remote);
      });
      const local = new RecordingListener((wire, report) => {
        if (report === moment) wire.close();
      });
      tested.transport.dial(bryant, channelHandler(local));
      await eventually('both ends are closed', () => local.isClosed && remote.isClosed);
      tested.close();
    }
  });

  it('reports closed and never opened if it is closed before it is accepted', async () => {
    await tested.listen((wire) => {
      wires.push(wire);
      return channelHandler(new RecordingListener());
    });
    const { end, wire } = dial();
    wire.close();
    expect(end.reports).to.deep.equal([]);
    await eventually('the wire is closed', () => end.isClosed);
    expect(end.reports).to.deep.equal(['closed: closed locally']);
  });

  it('reports closed and never opened if the other server does not listen', async () => {
    const { end, wire } = dial(nobody);
    wire.send('hello');
    expect(end.reports).to.deep.equal([]);
    await eventually('the connection fails', () => end.isClosed);
    expect(end.reports).to.have.lengthOf(1);
    wire.send('hello?');
    wire.close();
  });

  it('accepts no connections after its listener is closed, and keeps open ones', async () => {
    const { local, remote } = await connect();
    tested.close();
    const { end } = dial();
    await eventually('the connection fails', () => end.isClosed);
    expect(end.reports).to.have.lengthOf(1);
    local.wire.send('still here');
    await eventually('the line is here', () => remote.end.receivedLines.length > 0);
  });
}
