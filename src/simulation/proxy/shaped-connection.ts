import type { Socket } from 'node:net';
import type { Segment, Stream, StreamSink } from '../network/stream.js';
import { ShapedEndpoint } from './shaped-endpoint.js';
import type { Direction, Endpoint, ProxiedConnection } from './proxied-connection.js';

/** Provides the simulated streams for the connections of a proxy. */
export interface NetworkShaper {
  nowMs(): number;
  /** Opens a stream for one direction, which ends in the sink. */
  stream(direction: Direction, sink: StreamSink): Stream;
  /** The stream is no longer used. */
  release(stream: Stream): void;
  /** Called with segments that arrived. */
  delivered(direction: Direction, segment: Segment): void;
}

/**
 * A proxied connection whose bytes travel over streams of the simulated network, so they arrive late, slowly, or only after the
 * path is healed. That includes the connection request: the port behind the proxy receives it when it has arrived.
 */
export class ShapedConnection implements ProxiedConnection {
  readonly ended: Promise<unknown>;
  private readonly endpoints: Readonly<Record<Endpoint, ShapedEndpoint>>;

  /** @param call connects to the port behind the proxy */
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
