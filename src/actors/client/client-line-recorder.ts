import type { ByteString } from '../../protocol/text/bytes.js';
import type { Address, Bus } from '../bus/bus.js';
import { addresses, type ConnectionMessage } from '../bus/messages.js';

/** Tells the log, and whoever else listens, of the lines that a client and its server exchange: those that go together as one event. */
export class SpokenLines {
  private readonly self: Address<ConnectionMessage>;
  /** Lines that were sent to the client, and not told of yet. */
  private said: ByteString[] = [];
  /** The same of lines that answer nothing. */
  private pushed: ByteString[] = [];
  /** When both are told of; soon: behind a message that is on its way. */
  private tells: 'at once' | 'soon' = 'at once';

  /** @param far the client's address and port */
  constructor(
    private readonly bus: Bus,
    connection: number,
    private readonly far: string,
  ) {
    this.self = addresses.connection(connection);
  }

  heard(lines: readonly ByteString[]): void {
    this.bus.publish({ kind: 'lines', direction: 'in', party: 'client', far: this.far, lines });
  }

  say(line: ByteString): void {
    this.said.push(line);
  }

  push(line: ByteString): void {
    this.pushed.push(line);
  }

  /** Tells of what was said behind the messages that are on their way already: answers out of the upstream's memory come one by one, in a row. */
  tellSoon(): void {
    if (this.said.length === 0 || this.tells === 'soon') return;
    this.tells = 'soon';
    this.bus.send(this.self, { kind: 'answered' });
  }

  /** The message that was on its way has come. */
  soon(): void {
    this.tells = 'at once';
  }

  /** Tells of what was said. */
  tell(): void {
    const { said, pushed, far } = this;
    if (said.length > 0) {
      this.said = [];
      this.bus.publish({ kind: 'lines', direction: 'out', party: 'client', far, lines: said });
    }
    if (pushed.length > 0) {
      this.pushed = [];
      this.bus.publish({ kind: 'lines', direction: 'out', party: 'client', far, lines: pushed, pushed: true });
    }
  }
}
