import type { Actor } from '../../src/actors/bus/bus.js';

/** An actor that keeps what it is told. */
export class FakeActor<Message> implements Actor<Message> {
  readonly received: Message[] = [];
  stopCount = 0;

  receive(message: Message): void {
    this.received.push(message);
  }

  stop(): void {
    this.stopCount += 1;
  }

  /** What was received since this was last asked. */
  take(): Message[] {
    return this.received.splice(0);
  }
}
