import { metricsPage } from '../../src/runtime/observe/metrics/metrics-page.js';
import { ServerCounts } from '../../src/runtime/observe/metrics/server-counts.js';
import { StatusTracker } from '../../src/runtime/observe/metrics/status-tracker.js';
import { VirtualClock } from '../../src/simulation/time/virtual-clock.js';
import { strictBus } from '../support/fake-bus.js';
import { toServerId } from '../support/fake-location.js';

/** The metrics page of a server with a neighbour and NATS: it has every metric, with all labels. */
export function scrapeSoloServer(): Promise<string> {
  const [bus, clock, neighbour] = [strictBus(), new VirtualClock(), toServerId('Pair')];
  const status = new StatusTracker(bus, clock, [neighbour]);
  const counts = new ServerCounts(bus, clock, [neighbour]);
  bus.publish({ kind: 'neighbour-clock', neighbour, offsetMs: 0, warning: 'none' });
  const request = { remoteAddress: '192.0.2.1:4', text: 'GET /', route: '/', status: 200, detail: '', tookMs: 1 };
  bus.publish({ kind: 'http-response', outcome: 'answered', ...request });
  bus.publish({ kind: 'nats', state: 'connecting', reason: '', retryInMs: 0 });
  return metricsPage('Solo', 'docs', { counts, status, locations: 0, logBufferedBytes: 0 });
}
