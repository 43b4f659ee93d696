import type { Clock } from '../../actors/ports/clock.js';
import type { PeerChannel, PeerChannelHandler, Transport } from '../../actors/ports/transport.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { FaultyWire } from './faulty-wire.js';
import type { FlushScheduler } from '../time/flush-order.js';

/** Injected fault of a link. */
export type LinkFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' }
  /** Every line is delayed in either direction. */
  | { readonly kind: 'slow'; readonly delayMs: number };

const cutReason = 'cut manually';

/** Injected faults of the links that servers of this process dial. Faults remain when a server restarts. */
export class LinkFaults {
  private readonly links = new Map<string, FaultyLink>();

  constructor(
    private readonly clock: Clock,
    private readonly scheduler: FlushScheduler,
  ) {}

  /** Wraps the transport of a server so that its links can be cut and slowed. */
  wrapTransport(transport: Transport, from: ServerId): Transport {
    return {
      dial: (to, handler) => this.link(from, to).dial(to, (wireHandler) => transport.dial(to, wireHandler), handler),
    };
  }

  /** Sets the fault of a link, in place of the previous one. */
  set(one: ServerId, other: ServerId, fault: LinkFault): void {
    this.link(one, other).set(fault);
  }

  /** Fault of a link, as far as this process has injected it. */
  get(one: ServerId, other: ServerId): LinkFault {
    return this.link(one, other).fault;
  }

  private link(one: ServerId, other: ServerId): FaultyLink {
    const key = [one, other].sort().join(' ');
    const link = this.links.get(key) ?? new FaultyLink(this.clock, this.scheduler);
    this.links.set(key, link);
    return link;
  }
}

class FaultyLink {
  private currentFault: LinkFault = { kind: 'none' };
  private readonly wires = new Set<FaultyWire>();

  constructor(
    private readonly clock: Clock,
    private readonly scheduler: FlushScheduler,
  ) {}

  get fault(): LinkFault {
    return this.currentFault;
  }

  set(fault: LinkFault): void {
    this.currentFault = fault;
    for (const wire of this.wires) {
      if (fault.kind === 'cut') wire.cut(cutReason);
      else if (fault.kind === 'none') wire.flushDelayed();
    }
  }

  dial(to: ServerId, dial: (handler: PeerChannelHandler) => PeerChannel, handler: PeerChannelHandler): PeerChannel {
    if (this.currentFault.kind === 'cut') return this.failedWire(to, handler);
    const wire = new FaultyWire(
      this.clock,
      this.scheduler,
      dial,
      handler,
      () => (this.currentFault.kind === 'slow' ? this.currentFault.delayMs : 0),
      () => this.wires.delete(wire),
    );
    this.wires.add(wire);
    return wire;
  }

  /** Creates a channel that fails to connect. */
  private failedWire(to: ServerId, handler: PeerChannelHandler): PeerChannel {
    const wire: PeerChannel = {
      remoteAddress: to,
      isInProcess: false,
      isWritable: false,
      send: () => undefined,
      sendLocations: () => undefined,
      close: () => undefined,
    };
    this.clock.setTimeout(() => handler({ kind: 'channel-closed', channel: wire, reason: cutReason }), 0);
    return wire;
  }
}
