import type { Actor } from '../../src/actors/bus/bus.js';
import { copyMessage, type Copied } from './copy-message.js';

/** An actor that keeps what it is told. */
export class FakeActor<Message> implements Actor<Message> {
  readonly received: Copied<Message>[] = [];
  stopCount = 0;

  receive(message: Message): void {
    this.received.push(copyMessage(message));
  }

  stop(): void {
    this.stopCount += 1;
  }

  /** What was received since this was last asked. */
  take(): Copied<Message>[] {
    return this.received.splice(0);
  }
}
