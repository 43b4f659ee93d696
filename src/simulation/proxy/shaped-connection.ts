import type { Socket } from 'node:net';
import type { Segment, Stream, StreamSink } from '../network/stream.js';
import { CarriedEnd } from './shaped-endpoint.js';
import type { Direction, End, ProxiedConnection } from './proxied-connection.js';

/** Gives the connections of a proxy what their bytes go over. */
export interface Carrier {
  nowMs(): number;
  /** What goes one way; it comes out at the sink. */
  stream(direction: Direction, sink: StreamSink): Stream;
  /** Nothing goes over the stream any more. */
  release(stream: Stream): void;
  /** Hears of bytes that came through. */
  carried(direction: Direction, segment: Segment): void;
}

/**
 * A connection whose bytes a proxy carries over the streams of the simulated network: they come late, or slowly, or not before
 * the path is mended. So does the call itself: the port behind the proxy hears of it when it has come through.
 */
export class CarriedConnection implements ProxiedConnection {
  readonly ended: Promise<unknown>;
  private readonly ends: Readonly<Record<End, CarriedEnd>>;

  /** @param call calls the port behind the proxy */
  constructor(caller: Socket, call: () => Socket, carrier: Carrier) {
    const ends = {
      caller: new CarriedEnd(
        () => carrier.nowMs(),
        (segment) => carrier.carried('back', segment),
      ),
      called: new CarriedEnd(
        () => carrier.nowMs(),
        (segment) => carrier.carried('there', segment),
      ),
    };
    this.ends = ends;
    const there = carrier.stream('there', ends.called);
    const back = carrier.stream('back', ends.caller);
    ends.caller.connect(there, ends.called);
    ends.called.connect(back, ends.caller);
    ends.called.onCall = () => ends.called.attach(call());
    this.ended = Promise.all([ends.caller.closed, ends.called.closed]).then(() => {
      for (const stream of [there, back]) {
        stream.abandon();
        carrier.release(stream);
      }
    });
    ends.caller.send('call');
    ends.caller.attach(caller);
  }

  cut(): void {
    this.ends.caller.cut();
    this.ends.called.cut();
  }

  kill(end: End): void {
    this.ends[end].kill();
  }

  halfClose(direction: Direction): void {
    this.ends[direction === 'there' ? 'caller' : 'called'].endReading();
  }
}
