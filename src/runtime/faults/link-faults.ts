import type { Clock } from '../../actors/ports/clock.js';
import type { PeerWire, PeerWireListener, Transport } from '../../actors/ports/transport.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { FaultyWire } from './faulty-wire.js';
import type { FlushScheduler } from '../time/flush-order.js';

/** What somebody has done to a link. */
export type LinkFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' }
  /** Every line takes so many milliseconds longer, either way. */
  | { readonly kind: 'slow'; readonly delayMs: number };

const cutReason = 'cut by hand';

/** The links that the servers of this process call, and what somebody has done to them. It outlives the servers. */
export class LinkFaults {
  private readonly links = new Map<string, FaultyLink>();

  constructor(
    private readonly clock: Clock,
    private readonly turn: FlushScheduler,
  ) {}

  /** How a server reaches the others, over the transport that is given, as far as its links are sound. */
  transportOver(transport: Transport, from: ServerId): Transport {
    return {
      dial: (to, listener) => this.link(from, to).dial(to, (its) => transport.dial(to, its), listener),
    };
  }

  /** Does something to a link, in place of what was done to it before. */
  set(one: ServerId, other: ServerId, fault: LinkFault): void {
    this.link(one, other).set(fault);
  }

  /** What is done to a link, as far as this process does it. */
  of(one: ServerId, other: ServerId): LinkFault {
    return this.link(one, other).fault;
  }

  private link(one: ServerId, other: ServerId): FaultyLink {
    const key = [one, other].sort().join(' ');
    const link = this.links.get(key) ?? new FaultyLink(this.clock, this.turn);
    this.links.set(key, link);
    return link;
  }
}

class FaultyLink {
  private now: LinkFault = { kind: 'none' };
  private readonly wires = new Set<FaultyWire>();

  constructor(
    private readonly clock: Clock,
    private readonly turn: FlushScheduler,
  ) {}

  get fault(): LinkFault {
    return this.now;
  }

  set(fault: LinkFault): void {
    this.now = fault;
    for (const wire of this.wires) {
      if (fault.kind === 'cut') wire.cut(cutReason);
      else if (fault.kind === 'none') wire.hurry();
    }
  }

  dial(to: ServerId, dial: (listener: PeerWireListener) => PeerWire, listener: PeerWireListener): PeerWire {
    if (this.now.kind === 'cut') return this.deadWire(to, listener);
    const wire = new FaultyWire(
      this.clock,
      this.turn,
      dial,
      listener,
      () => (this.now.kind === 'slow' ? this.now.delayMs : 0),
      () => this.wires.delete(wire),
    );
    this.wires.add(wire);
    return wire;
  }

  /** A call that comes to nothing. */
  private deadWire(to: ServerId, listener: PeerWireListener): PeerWire {
    const wire: PeerWire = {
      far: to,
      trusted: false,
      hasRoom: false,
      send: () => undefined,
      close: () => undefined,
    };
    this.clock.setTimeout(() => listener.closed(wire, cutReason), 0);
    return wire;
  }
}
