import type { Clock } from '../../actors/ports/clock.js';
import type { Http } from '../../actors/ports/http.js';
import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { HttpRequest, HttpResponse } from '../../protocol/upstream/upstream.js';
import type { SeededRandom } from '../time/seeded-random.js';

/** State of the upstream. `slow` answers after every timeout; `garbage` answers at once with malformed responses. */
export type UpstreamState = 'up' | 'down' | 'slow' | 'garbage';

const normalDelayMs = { leastMs: 20, mostMs: 120 } as const;
const slowDelayMs = { leastMs: 2_000, mostMs: 20_000 } as const;

/** Returns the range of the response time, in milliseconds. */
export function responseDelayMs(state: UpstreamState): { readonly leastMs: number; readonly mostMs: number } {
  return state === 'slow' ? slowDelayMs : normalDelayMs;
}

/** A valid response in the format of each upstream. */
export const validResponse: HttpResponse = { status: 200, body: Buffer.from('{"results":[],"status":"ZERO_RESULTS"}') };

/** Malformed responses: a proxy's page, truncated JSON, an error of the service, nothing. */
export const malformedResponses: readonly HttpResponse[] = [
  { status: 200, body: Buffer.from('<html><body>Bad gateway</body></html>') },
  { status: 200, body: Buffer.from('{"results":[{"id":1') },
  { status: 500, body: Buffer.from('Internal Server Error') },
  { status: 200, body: Buffer.alloc(0) },
  { status: 200, body: Buffer.from([0xff, 0xfe, 0x00, 0x0a]) },
];

/** HTTP of the simulation: one upstream and its state. */
export class SimulatedHttp implements Http {
  state: UpstreamState = 'up';

  /** @param onPromiseSettled called when a promise was created or settled: its continuations run before time advances */
  constructor(
    private readonly clock: Clock,
    private readonly random: SeededRandom,
    private readonly onPromiseSettled: () => void,
  ) {}

  fetch(_request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    this.onPromiseSettled();
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.onPromiseSettled();
        const response = this.respond();
        if (response === undefined)
          reject(new UpstreamError('the upstream cannot be reached (ECONNREFUSED)', 'transient'));
        else resolve({ ...response, tookMs });
      };
      const { leastMs, mostMs } = responseDelayMs(this.state);
      const tookMs = this.random.between(leastMs, mostMs);
      const timer = this.clock.setTimeout(settle, tookMs);
      signal.addEventListener('abort', () => {
        this.onPromiseSettled();
        this.clock.clearTimeout(timer);
        reject(new UpstreamError('cancelled'));
      });
    });
  }

  private respond(): HttpResponse | undefined {
    switch (this.state) {
      case 'up':
      case 'slow':
        return validResponse;
      case 'down':
        return undefined;
      case 'garbage':
        return this.random.pick(malformedResponses);
    }
  }
}
