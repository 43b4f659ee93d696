import type { BrokerMessage, Interest } from './broker-message.js';
import type { ConnectionEnd } from './connection-end.js';
import { SubjectTable } from './subjects.js';

/** One node's end of the route to another node. */
export class BrokerRoute {
  /** What the clients of the remote node are subscribed to, as far as it is known here. */
  readonly interests = new SubjectTable<Interest>();
  private readonly byKey = new Map<string, Interest>();
  private remote: BrokerRoute | undefined;

  /** @param node the node of this end */
  constructor(
    private readonly node: { receiveRouted(message: BrokerMessage, groups: readonly string[]): void },
    readonly end: ConnectionEnd,
  ) {}

  /** Makes two routes the ends of one connection. */
  static pair(one: BrokerRoute, other: BrokerRoute): void {
    one.remote = other;
    other.remote = one;
  }

  /** Tells the remote node how many clients of this one have a subscription; 0: none any more. */
  sendInterest({ subject, queue, weight }: Interest): void {
    const group = queue === '' ? '' : ` ${queue}`;
    const text = weight === 0 ? `RS- ${subject}${group}\n` : `RS+ ${subject}${group} ${weight}\n`;
    this.end.send(text, () => this.remote?.receiveInterest({ subject, queue, weight }));
  }

  /** Sends a message to the remote node, for its subscribers and one of each queue group. */
  forward(message: BrokerMessage, groups: readonly string[]): void {
    const { subject, payload, replyTo } = message;
    const header = ['RMSG', subject, replyTo, ...groups, payload.length].filter((word) => word !== '').join(' ');
    this.end.send(`${header}\n${payload}\n`, () => this.remote?.node.receiveRouted(message, groups));
  }

  private receiveInterest(interest: Interest): void {
    const key = `${interest.subject} ${interest.queue}`;
    const known = this.byKey.get(key);
    if (known !== undefined) this.interests.delete(known);
    this.byKey.delete(key);
    if (interest.weight === 0) return;
    this.byKey.set(key, interest);
    this.interests.add(interest);
  }
}
