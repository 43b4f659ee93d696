import type { ByteString } from '../../protocol/text/bytes.js';
import type { Address, Bus } from '../bus/bus.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from './messages.js';

/** Tells the log, and whoever else listens, of the lines that a client and its server exchange: those that go together as one event. */
export class ClientLineRecorder {
  private readonly self: Address<ConnectionMessage>;
  /** Lines that were sent to the client, and not told of yet. */
  private sent: ByteString[] = [];
  /** The same of lines that answer nothing. */
  private pushed: ByteString[] = [];
  /** When both are told of; soon: behind a message that is on its way. */
  private tells: 'at once' | 'soon' = 'at once';

  /** @param remoteAddress the client's address and port */
  constructor(
    private readonly bus: Bus,
    connection: number,
    private readonly remoteAddress: string,
  ) {
    this.self = addresses.connection(connection);
  }

  recordReceived(lines: readonly ByteString[]): void {
    this.bus.publish({ kind: 'lines', direction: 'in', party: 'client', remoteAddress: this.remoteAddress, lines });
  }

  recordSent(line: ByteString): void {
    this.sent.push(line);
  }

  recordPushed(line: ByteString): void {
    this.pushed.push(line);
  }

  /** Tells of what was said behind the messages that are on their way already: answers out of the upstream's memory come one by one, in a row. */
  flushLater(): void {
    if (this.sent.length === 0 || this.tells === 'soon') return;
    this.tells = 'soon';
    this.bus.send(this.self, { kind: 'flush-lines' });
  }

  /** The message that was on its way has come. */
  handleFlushDue(): void {
    this.tells = 'at once';
  }

  /** Tells of what was said. */
  flush(): void {
    const { sent, pushed, remoteAddress } = this;
    if (sent.length > 0) {
      this.sent = [];
      this.bus.publish({ kind: 'lines', direction: 'out', party: 'client', remoteAddress, lines: sent });
    }
    if (pushed.length > 0) {
      this.pushed = [];
      this.bus.publish({
        kind: 'lines',
        direction: 'out',
        party: 'client',
        remoteAddress,
        lines: pushed,
        pushed: true,
      });
    }
  }
}
