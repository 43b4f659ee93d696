import { expect } from 'chai';
import fc from 'fast-check';
import type { AcceptPeer, PeerChannel, Transport } from '../../../src/actors/ports/transport.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { eventually } from '../../support/eventually.js';
import { toServerId } from '../../support/fake-location.js';
import { channelHandler, type ChannelCallbacks } from '../../support/fake-peer-wire.js';

/** A transport under test: how Blake reaches the others. */
export interface TransportUnderTest {
  readonly transport: Transport;
  /** Opens Bryant's door. */
  listen(accept: AcceptPeer): Promise<void>;
  /** Closes the door. */
  close(): void;
}

/** One end of a wire, and everything that it reported. */
class RecordingListener implements ChannelCallbacks {
  wire: PeerChannel | undefined;
  readonly reports: string[] = [];
  readonly receivedLines: string[] = [];

  /** @param onReport does something from within a report */
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
    expect(wire, 'every report names the same wire').to.equal(this.wire);
    expect(this.isClosed, `${report} after closed`).to.equal(false);
    if (this.reports.at(-1) !== report) this.reports.push(report);
    this.onReport(wire, report);
  }
}

const bryant = toServerId('Bryant');
const nobody = toServerId('Nobody');

/** Lines of bytes, line ends excepted. */
const anyLine = fc.uint8Array({ maxLength: 300 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n]/g, '.'),
);

/** What every transport promises: see `Transport`, `PeerChannel` and `PeerChannelMessage`. */
export function describeTransport(createTransport: () => Promise<TransportUnderTest>): void {
  let under: TransportUnderTest;
  const wires: PeerChannel[] = [];

  beforeEach(async () => {
    under = await createTransport();
  });

  afterEach(() => {
    for (const wire of wires.splice(0)) wire.close();
    under.close();
  });

  /** Calls a server; nothing is awaited. */
  function dial(to: ServerId = bryant): { end: RecordingListener; wire: PeerChannel } {
    const end = new RecordingListener();
    const wire = under.transport.dial(to, channelHandler(end));
    wires.push(wire);
    return { end, wire };
  }

  /** Blake calls Bryant; resolves when both know. */
  async function connect() {
    const end = new RecordingListener();
    let taken: PeerChannel | undefined;
    await under.listen((wire) => {
      taken = wire;
      wires.push(wire);
      return channelHandler(end);
    });
    const near = dial();
    await eventually('the call was taken', () => near.end.reports.includes('opened'));
    const wire = await eventually('the call is taken', () => taken);
    return { near, far: { end, wire } };
  }

  it('reports nothing during dial, and opened once afterwards', async () => {
    await under.listen((wire) => {
      wires.push(wire);
      return channelHandler(new RecordingListener());
    });
    const { end, wire } = dial();
    expect(end.reports).to.deep.equal([]);
    await eventually('the call is taken', () => end.reports.length > 0);
    expect(end.reports).to.deep.equal(['opened']);
    expect(end.wire).to.equal(wire);
    expect(wire.isWritable).to.equal(true);
  });

  it('reports opened to the dialing end only', async () => {
    const { near, far } = await connect();
    near.wire.send('hello');
    await eventually('the line is here', () => far.end.receivedLines.length > 0);
    expect(far.end.reports).to.deep.equal(['lines']);
  });

  it('lets the accepting end send first, and reports opened before its lines', async () => {
    await under.listen((wire) => {
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
    const far = new RecordingListener();
    await under.listen((wire) => {
      wire.send('REFUSED too many');
      wire.close();
      return channelHandler(far);
    });
    const { end } = dial();
    await eventually('both ends are closed', () => end.isClosed && far.isClosed);
    expect(end.receivedLines).to.deep.equal(['REFUSED too many']);
  });

  it('accepts lines before it is opened', async () => {
    const end = new RecordingListener();
    await under.listen((wire) => {
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
    const { near, far } = await connect();
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine), fc.array(anyLine), async (there, back) => {
        near.end.receivedLines.length = far.end.receivedLines.length = 0;
        for (const line of there) near.wire.send(line);
        for (const line of back) far.wire.send(line);
        await eventually(
          'the lines are here',
          () => far.end.receivedLines.length >= there.length && near.end.receivedLines.length >= back.length,
        );
        expect(far.end.receivedLines).to.deep.equal(there);
        expect(near.end.receivedLines).to.deep.equal(back);
      }),
      { numRuns: 20 },
    );
  });

  it('delivers the lines of one turn together', async () => {
    const { near, far } = await connect();
    const batches: number[] = [];
    const take = far.end.lines.bind(far.end);
    far.end.lines = (wire, lines) => {
      batches.push(lines.length);
      take(wire, lines);
    };
    for (let line = 0; line < 100; line += 1) {
      // A turn may be long: this one takes its time over one line.
      if (line === 50) for (const untilMs = performance.now() + 3; performance.now() < untilMs;);
      near.wire.send(`line ${line}`);
    }
    await eventually('the lines are here', () => far.end.receivedLines.length === 100);
    expect(batches).to.deep.equal([100]);
  });

  it('is not writable under load, reports drained afterwards, and loses nothing', async () => {
    const { near, far } = await connect();
    const sent: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      near.end.reports.length = 0;
      while (near.wire.isWritable) {
        expect(sent.length, 'room has an end').to.be.below(100_000);
        sent.push(`${sent.length} ${'x'.repeat(100)}`);
        near.wire.send(sent.at(-1) ?? '');
      }
      await eventually('there is room again', () => near.end.reports.includes('drained'));
      expect(near.wire.isWritable).to.equal(true);
    }
    await eventually('all lines are here', () => far.end.receivedLines.length === sent.length);
    expect(far.end.receivedLines).to.deep.equal(sent);
  });

  it('delivers lines sent before close, and reports closed once at both ends', async () => {
    for (const closer of ['near', 'far'] as const) {
      const ends = await connect();
      const here = ends[closer];
      const there = ends[closer === 'near' ? 'far' : 'near'];
      const sent = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
      for (const line of sent) here.wire.send(line);
      here.wire.close();
      here.wire.close();
      here.wire.send('too late');
      await eventually('both ends are closed', () => here.end.isClosed && there.end.isClosed);
      expect(there.end.receivedLines).to.deep.equal(sent);
      expect(here.end.reports.at(-1)).to.equal('closed: closed here');
      expect(there.end.reports.at(-1)).to.equal('closed: the far end closed');
      there.wire.send('too late as well');
      there.wire.close();
      under.close();
    }
  });

  it('can be closed within any report, and reports nothing after closed', async () => {
    for (const moment of ['opened', 'lines']) {
      const far = new RecordingListener();
      await under.listen((wire) => {
        wires.push(wire);
        wire.send('one');
        wire.send('two');
        return channelHandler(far);
      });
      const near = new RecordingListener((wire, report) => {
        if (report === moment) wire.close();
      });
      under.transport.dial(bryant, channelHandler(near));
      await eventually('both ends are closed', () => near.isClosed && far.isClosed);
      under.close();
    }
  });

  it('reports closed and never opened if it is closed before it is accepted', async () => {
    await under.listen((wire) => {
      wires.push(wire);
      return channelHandler(new RecordingListener());
    });
    const { end, wire } = dial();
    wire.close();
    expect(end.reports).to.deep.equal([]);
    await eventually('the wire is closed', () => end.isClosed);
    expect(end.reports).to.deep.equal(['closed: closed here']);
  });

  it('reports closed and never opened if the other server does not listen', async () => {
    const { end, wire } = dial(nobody);
    wire.send('hello');
    expect(end.reports).to.deep.equal([]);
    await eventually('the call came to nothing', () => end.isClosed);
    expect(end.reports).to.have.lengthOf(1);
    wire.send('hello?');
    wire.close();
  });

  it('accepts no connections after its listener is closed, and keeps open ones', async () => {
    const { near, far } = await connect();
    under.close();
    const { end } = dial();
    await eventually('the call came to nothing', () => end.isClosed);
    expect(end.reports).to.have.lengthOf(1);
    near.wire.send('still here');
    await eventually('the line is here', () => far.end.receivedLines.length > 0);
  });
}
