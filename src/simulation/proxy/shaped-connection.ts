import type { Socket } from 'node:net';
import type { Segment, Stream, StreamSink } from '../network/stream.js';
import { ShapedEndpoint } from './shaped-endpoint.js';
import type { Direction, Endpoint, ProxiedConnection } from './proxied-connection.js';

/** Gives the connections of a proxy what their bytes go over. */
export interface NetworkShaper {
  nowMs(): number;
  /** What goes one way; it comes out at the sink. */
  stream(direction: Direction, sink: StreamSink): Stream;
  /** Nothing goes over the stream any more. */
  release(stream: Stream): void;
  /** Hears of bytes that came through. */
  delivered(direction: Direction, segment: Segment): void;
}

/**
 * A connection whose bytes a proxy carries over the streams of the simulated network: they come late, or slowly, or not before
 * the path is mended. So does the call itself: the port behind the proxy hears of it when it has come through.
 */
export class ShapedConnection implements ProxiedConnection {
  readonly ended: Promise<unknown>;
  private readonly endpoints: Readonly<Record<Endpoint, ShapedEndpoint>>;

  /** @param call calls the port behind the proxy */
  constructor(client: Socket, call: () => Socket, carrier: NetworkShaper) {
    const ends = {
      client: new ShapedEndpoint(
        () => carrier.nowMs(),
        (segment) => carrier.delivered('downstream', segment),
      ),
      server: new ShapedEndpoint(
        () => carrier.nowMs(),
        (segment) => carrier.delivered('upstream', segment),
      ),
    };
    this.endpoints = ends;
    const there = carrier.stream('upstream', ends.server);
    const back = carrier.stream('downstream', ends.client);
    ends.client.connect(there, ends.server);
    ends.server.connect(back, ends.client);
    ends.server.onConnect = () => ends.server.attach(call());
    this.ended = Promise.all([ends.client.closed, ends.server.closed]).then(() => {
      for (const stream of [there, back]) {
        stream.abandon();
        carrier.release(stream);
      }
    });
    ends.client.send('call');
    ends.client.attach(client);
  }

  cut(): void {
    this.endpoints.client.cut();
    this.endpoints.server.cut();
  }

  resetEndpoint(end: Endpoint): void {
    this.endpoints[end].reset();
  }

  halfClose(direction: Direction): void {
    this.endpoints[direction === 'upstream' ? 'client' : 'server'].endReading();
  }
}
