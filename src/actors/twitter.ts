import type { ByteString } from '../protocol/bytes.js';
import { UpstreamError } from '../protocol/errors.js';
import type { NearbyQuestion, Upstream } from '../protocol/upstream.js';
import type { Actor, Bus } from './bus.js';
import type { Clock } from './clock.js';
import type { Http } from './http.js';
import { addresses, type Question, type UpstreamMessage } from './messages.js';

/** How long the upstream has to answer, in milliseconds, before the client is told that it did not. */
const deadlineMs = 5_000;

/** Requests under way at once; one more is answered with an error. Bounds memory when the upstream hangs. */
const requestsMax = 256;

/** The upstream actor: asks what is near a place. Whatever the upstream does, every question is answered in time. */
export class Twitter implements Actor<UpstreamMessage> {
  private readonly requests = new Map<symbol, AbortController>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly http: Http,
    private readonly upstream: Upstream,
  ) {}

  receive(message: UpstreamMessage): void {
    switch (message.kind) {
      case 'nearby':
        return this.ask(message.about, message);
      case 'settled':
        this.requests.delete(message.request);
        return this.reply(message, message.json);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    for (const controller of this.requests.values()) controller.abort('the question was given up');
    this.requests.clear();
  }

  private ask(about: NearbyQuestion, { replyTo, question }: Question): void {
    if (this.requests.size >= requestsMax) {
      return this.reply({ replyTo, question }, this.failure('too many questions at once, ask again'));
    }
    // Unlike a number, not to be taken for one of the actor before a restart, whose requests come to their ends here.
    const request = Symbol('request');
    const controller = new AbortController();
    this.requests.set(request, controller);
    const timer = this.clock.setTimeout(() => controller.abort(`no answer within ${deadlineMs / 1000} s`), deadlineMs);
    void this.fetch(about, controller.signal).then((json) => {
      this.clock.clearTimeout(timer);
      this.bus.send(addresses.upstream, { kind: 'settled', request, json, replyTo, question });
    });
  }

  private async fetch(about: NearbyQuestion, signal: AbortSignal): Promise<ByteString> {
    const radiusKm = Math.min(about.radiusKm, this.upstream.radiusKmMax);
    const question = { ...about, radiusKm };
    try {
      const response = await this.http.fetch(this.upstream.request(question), signal);
      return this.upstream.answer(response, question);
    } catch (error) {
      if (signal.aborted) return this.failure(String(signal.reason));
      if (error instanceof UpstreamError) return this.failure(error.message);
      this.bus.publish({ kind: 'actor-failed', address: addresses.upstream, directive: 'resume', error });
      return this.failure('internal error');
    }
  }

  private failure(reason: string): ByteString {
    this.bus.publish({ kind: 'upstream-failed', reason });
    return this.upstream.failure(reason);
  }

  private reply({ replyTo, question }: Question, json: ByteString): void {
    this.bus.send(replyTo, { kind: 'nearby-found', question, json });
  }
}
