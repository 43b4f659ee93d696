import { addresses, type DeskMessage } from '../../../actors/bus/messages.js';
import type { Bus, Registry } from '../../../actors/bus/bus.js';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import type { NearbyQuestion } from '../../../protocol/upstream/upstream.js';

/** Questions that may wait at once; one more is refused. Each is a request that waits for an answer. */
const waitingMax = 10_000;

/** A page of what a server holds. */
export type Page = Omit<Extract<DeskMessage, { kind: 'listed' }>, 'kind' | 'question'>;

/** A question that is not answered: there are too many, the server goes down, or whoever was asked broke down over it. */
export class DeskError extends Error {
  readonly code = 'HERD_DESK';
}

/** Waits for one answer. */
interface Waiting {
  readonly hear: (message: DeskMessage) => void;
  readonly fail: (error: DeskError) => void;
}

/** Asks the actors of a server in the name of those who come over HTTP, one promise a question. */
export class Desk {
  private readonly waiting = new Map<number, Waiting>();
  private questions = 0;
  private state: 'open' | 'closed' = 'open';

  constructor(private readonly bus: Bus & Pick<Registry, 'attach'>) {
    bus.attach(addresses.desk, { receive: (message) => this.receive(message), stop: () => this.close() });
  }

  /** Tells the store what a client reported. */
  report(location: Location): void {
    if (this.state === 'closed') throw stopping();
    this.bus.send(addresses.store, { kind: 'report', locations: [location] });
  }

  /**
   * Where a client is: what this server knows, and if it knows nothing, what the herd does.
   * @param address who asks, as from `remoteAddressOf`
   */
  async whereIs(client: ClientId, address: string): Promise<Location | undefined> {
    return (await this.whereIsHere(client)) ?? (await this.seek(client, address));
  }

  /**
   * What the upstream says is near a place.
   * @param address who asks, as from `remoteAddressOf`
   */
  nearby(about: NearbyQuestion, address: string): Promise<ByteString> {
    const replyTo = addresses.desk;
    return this.ask(
      (question) => this.bus.send(addresses.upstream, { kind: 'nearby', about, address, replyTo, question }),
      (message) => (message.kind === 'nearby-found' ? message.json : undefined),
    );
  }

  /** A page of about so many locations, from a place on. */
  list(from: number, max: number): Promise<Page> {
    return this.ask(
      (question) => this.bus.send(addresses.store, { kind: 'list', from, max, replyTo: addresses.desk, question }),
      (message) => (message.kind === 'listed' ? message : undefined),
    );
  }

  /** Answers nothing any more. The address stays taken: an answer that comes late is no dead letter. */
  close(): void {
    this.state = 'closed';
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { fail } of waiting) fail(stopping());
  }

  private async whereIsHere(client: ClientId): Promise<Location | undefined> {
    const { location } = await this.ask(
      (question) => this.bus.send(addresses.store, { kind: 'whereis', client, replyTo: addresses.desk, question }),
      (message) => (message.kind === 'located' ? message : undefined),
    );
    return location;
  }

  private async seek(client: ClientId, address: string): Promise<Location | undefined> {
    const replyTo = addresses.desk;
    const { location } = await this.ask(
      (question) => this.bus.send(addresses.seeker, { kind: 'seek', client, address, replyTo, question }),
      (message) => (message.kind === 'located' ? message : undefined),
    );
    return location;
  }

  private ask<Answer>(
    put: (question: number) => void,
    answerIn: (message: DeskMessage) => Answer | undefined,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.state === 'closed') return reject(stopping());
      if (this.waiting.size >= waitingMax) return reject(new DeskError('too many questions at once, ask again'));
      const question = (this.questions += 1);
      const hear = (message: DeskMessage) => {
        const answer = answerIn(message);
        if (answer === undefined) reject(new DeskError('internal error'));
        else resolve(answer);
      };
      this.waiting.set(question, { hear, fail: reject });
      put(question);
    });
  }

  private receive(message: DeskMessage): void {
    const waiting = this.waiting.get(message.question);
    this.waiting.delete(message.question);
    waiting?.hear(message);
  }
}

function stopping(): DeskError {
  return new DeskError('the server is on its way down');
}
