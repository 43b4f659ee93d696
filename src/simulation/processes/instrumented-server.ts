import type { ServerId } from '../../protocol/place/ids.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import { readStoreDigest, readStoredLocation } from '../run/store-probe.js';
import { instrumentServerRun } from '../run/server-instrumentation.js';
import type { InstrumentationRequest, InstrumentationReport } from './instrumentation-messages.js';

/** In the process of an instrumented server: sends the parent its events, and answers requests for store contents. */
export class InstrumentedServer {
  private bus: MessageBus | undefined;

  /** @param send sends to the parent synchronously: events before a kill must have left the process */
  constructor(
    private readonly server: ServerId,
    private readonly send: (report: InstrumentationReport) => void,
  ) {}

  /** Called with the bus at each start of the server. */
  observe(bus: MessageBus): void {
    this.bus = bus;
    instrumentServerRun(this.server, bus, (event) => this.send({ kind: 'event', event }));
  }

  handleRequest(request: InstrumentationRequest): void {
    const { bus } = this;
    if (bus === undefined) return;
    const { requestId } = request;
    if (request.kind === 'read-digest') this.send({ kind: 'store-digest', requestId, digest: readStoreDigest(bus) });
    else this.send({ kind: 'stored-location', requestId, location: readStoredLocation(bus, request.client) });
  }
}
