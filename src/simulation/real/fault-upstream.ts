import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SeededRandom } from '../time/seeded-random.js';
import { responseDelayMs, malformedResponses, validResponse, type UpstreamState } from '../virtual/simulated-http.js';

const host = '127.0.0.1';

/** Upstream of real environments: a local HTTP service that behaves as the simulated one. */
export class FaultUpstream {
  state: UpstreamState = 'up';
  private readonly server: Server;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly random: SeededRandom) {
    this.server = createServer((_request, response) => this.respondLater(response));
  }

  /** Starts listening, at any free port. */
  async start(): Promise<void> {
    this.server.listen({ host, port: 0 });
    await once(this.server, 'listening');
  }

  /** The base URL, without a path. */
  get url(): string {
    return `http://${host}:${(this.server.address() as AddressInfo).port}`;
  }

  /** Stops at once, also in the middle of responses. */
  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.server.close();
    this.server.closeAllConnections();
  }

  private respondLater(response: ServerResponse): void {
    const { leastMs, mostMs } = responseDelayMs(this.state);
    const timer = setTimeout(() => this.respond(response), this.random.between(leastMs, mostMs));
    this.timers.add(timer);
    response.on('close', () => {
      clearTimeout(timer);
      this.timers.delete(timer);
    });
  }

  /** According to the present state, not that at the time of the request. */
  private respond(response: ServerResponse): void {
    if (this.state === 'down') {
      response.destroy();
      return;
    }
    const { status, body } = this.state === 'garbage' ? this.random.pick(malformedResponses) : validResponse;
    response.writeHead(status).end(body);
  }
}
