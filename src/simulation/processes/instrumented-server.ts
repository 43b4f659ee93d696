import type { ServerId } from '../../protocol/place/ids.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import { askDigest, askWhereIs } from '../run/store-probe.js';
import { watchRun } from '../run/server-instrumentation.js';
import type { WatchQuestion, WatchReport } from './instrumentation-messages.js';

/** In the process of a server that a simulation watches: tells the parent what happens, and what the store holds. */
export class WatchedServer {
  private bus: MessageBus | undefined;

  /** @param send tells the parent, at once: what is told before the process is killed must have left it */
  constructor(
    private readonly server: ServerId,
    private readonly send: (report: WatchReport) => void,
  ) {}

  /** Takes the bus of each start of the server. */
  observe(bus: MessageBus): void {
    this.bus = bus;
    watchRun(this.server, bus, (event) => this.send({ kind: 'seen', event }));
  }

  answer(asked: WatchQuestion): void {
    const { bus } = this;
    if (bus === undefined) return;
    const { question } = asked;
    if (asked.kind === 'digest') this.send({ kind: 'digested', question, digest: askDigest(bus) });
    else this.send({ kind: 'held', question, location: askWhereIs(bus, asked.client) });
  }
}
