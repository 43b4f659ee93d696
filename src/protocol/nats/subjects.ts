import { partitionCount } from '../place/digest.js';
import type { ServerId } from '../place/ids.js';

/** The queue group of the servers that answer lookups in a partition. */
export const holdersQueue = 'holders';

/** What a message is, by its subject. */
export type Topic =
  | { readonly kind: 'locations'; readonly partition: number }
  | { readonly kind: 'presence' }
  | { readonly kind: 'lookup' }
  /** A response to the lookup with this ID. */
  | { readonly kind: 'response'; readonly lookup: number }
  /** A message to this server only. */
  | { readonly kind: 'direct' };

/** A number in a subject. */
const numberPattern = /^\d{1,15}$/;

/** The NATS subjects of one herd: `herd.NAME.>`, where NAME is that of the herd or of the bridge ([NA1]). */
export class Subjects {
  readonly presence: string;
  /** Subject of all messages to this server. */
  readonly own: string;
  private readonly prefix: string;
  private readonly direct: string;
  private readonly ownLookup: string;
  private readonly response: string;

  constructor(name: string, self: ServerId) {
    this.prefix = `herd.${name}.`;
    this.presence = `${this.prefix}presence`;
    const server = `${this.prefix}servers.${self}.`;
    this.own = `${server}>`;
    this.direct = `${server}direct`;
    this.ownLookup = `${server}lookup`;
    this.response = `${server}response.`;
  }

  /** Subject of new locations of a partition. */
  locations(partition: number): string {
    return `${this.prefix}locations.${partition}`;
  }

  /** Subject of lookups in a partition. */
  lookup(partition: number): string {
    return `${this.prefix}lookup.${partition}`;
  }

  /** Subject of messages to another server. */
  directTo(server: ServerId): string {
    return `${this.prefix}servers.${server}.direct`;
  }

  /** Subject of lookups that one server answers, whether it holds the partition completely or not. */
  lookupAt(server: ServerId): string {
    return `${this.prefix}servers.${server}.lookup`;
  }

  /** Subject of the response to a lookup of this server. */
  responseTo(lookup: number): string {
    return `${this.response}${lookup}`;
  }

  /** Whether a subject is one of responses to lookups of a server of this herd. */
  isResponse(subject: string): boolean {
    const [server, kind, lookup, ...more] = subject.slice(this.prefix.length).split('.').slice(1);
    const isOwnPrefix = subject.startsWith(`${this.prefix}servers.`);
    return (
      isOwnPrefix &&
      server !== undefined &&
      kind === 'response' &&
      numberPattern.test(lookup ?? '') &&
      more.length === 0
    );
  }

  /** Parses the subject of a received message; undefined if it is unknown. */
  parse(subject: string): Topic | undefined {
    const { prefix, response } = this;
    if (subject === this.presence) return { kind: 'presence' };
    if (subject === this.direct) return { kind: 'direct' };
    if (subject === this.ownLookup) return { kind: 'lookup' };
    if (subject.startsWith(response)) {
      const lookup = subject.slice(response.length);
      return numberPattern.test(lookup) ? { kind: 'response', lookup: Number(lookup) } : undefined;
    }
    if (!subject.startsWith(prefix)) return undefined;
    const [topic, partitionText = '', ...more] = subject.slice(prefix.length).split('.');
    const partition = Number(partitionText);
    if (!numberPattern.test(partitionText) || partition >= partitionCount || more.length > 0) return undefined;
    if (topic === 'locations') return { kind: 'locations', partition };
    return topic === 'lookup' ? { kind: 'lookup' } : undefined;
  }
}
