import { createActor, toPromise, type Actor as Machine } from 'xstate';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { AddressQuota } from '../client/address-quota.js';
import type { Actor, Registry } from '../bus/bus.js';
import type { ClientWire } from '../ports/client-wire.js';
import type { Clock } from '../ports/clock.js';
import { BucketSeeker } from '../replication/nats/bucket-seeker.js';
import { ClockWatch } from '../peer/clock-monitor.js';
import { Connection } from '../client/connection.js';
import { Flood } from '../replication/flood.js';
import type { PeerIdentity } from '../peer/handshake.js';
import type { ClientEvent } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import type { Limits, LinkPace } from '../ports/limits.js';
import type { LocationBucket } from '../ports/location-bucket.js';
import type { Hold } from '../ports/hold.js';
import { LocationStore } from '../store/location-store.js';
import { addresses, type SeekerMessage, type ServerMessage, type StoreMessage } from '../bus/messages.js';
import { NatsSpread } from '../replication/nats/nats-spread.js';
import { PeerAcceptor } from '../peer/peer-acceptor.js';
import { PeerLink, type PeerLinkEdges } from '../peer/peer-link.js';
import { remoteAddressOf } from '../client/remote-address.js';
import { Seeker } from '../replication/client-lookup.js';
import { serverMachine } from './server-machine.js';
import { SharedLimits } from './shared-limits.js';
import { Supervisor } from '../bus/supervisor.js';
import type { PeerWire, PeerWireListener } from '../ports/transport.js';
import { TouchedStore } from '../replication/nats/touched-store.js';
import { Twitter } from '../upstream/twitter.js';
import { Budget } from '../upstream/budget.js';
import type { UpstreamPace } from '../upstream/upstream-settings.js';
import { Watch } from '../client/subscription-registry.js';
import { WireMailbox } from '../peer/wire-mailbox.js';

/** What a server is told about itself. */
export interface ServerSettings {
  readonly identity: PeerIdentity;
  readonly upstream: Upstream;
  readonly limits: Limits;
  readonly pace: LinkPace;
  readonly upstreamPace: UpstreamPace;
  /** Which clients it holds. Left out: all. Only a server that spreads locations by a bucket may hold fewer. */
  readonly hold?: Hold | undefined;
}

/** What a server needs of the world: everything through which time, chance or another machine can reach its actors. */
export interface ServerEdges extends PeerLinkEdges {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly http: Http;
  /** What locations are spread by besides being flooded to neighbours; undefined: by nothing. */
  readonly bucket?: LocationBucket | undefined;
}

/** The root of one server's actors: starts them, supervises them, and drains them when it is told to stop. */
export class Server implements Actor<ServerMessage> {
  private readonly supervisor: Supervisor;
  private readonly life: Machine<typeof serverMachine>;
  private readonly clients = new Map<number, ClientWire>();
  private readonly clientsPerAddress: AddressQuota;
  /** The limits that all clients share: those whom this server's actors serve, and those whom its HTTP server does. */
  readonly shared: SharedLimits;

  constructor(
    private readonly settings: ServerSettings,
    private readonly edges: ServerEdges,
  ) {
    const { registry, clock } = edges;
    this.shared = new SharedLimits(settings.limits, clock);
    this.clientsPerAddress = new AddressQuota(settings.limits.connectionsPerAddressMax);
    this.supervisor = new Supervisor(registry, clock, {
      stopped: (address) => this.forget(address),
      escalated: (error) => this.life.send({ type: 'FAIL', reason: String(error) }),
    });
    this.life = createActor(
      serverMachine.provide({
        actions: {
          sayGoodbye: () => this.sayGoodbye(),
          drainClients: () => this.drainClients(),
          stopActors: () => this.stop(),
          tell: ({ context }, { state }) => registry.publish({ kind: 'server', state, reason: context.reason }),
        },
      }),
      { clock },
    );
    this.life.subscribe({ error: (error) => registry.send(addresses.server, { kind: 'machine-failed', error }) });
    this.life.start();
  }

  /** Brings the store to life, which is then told what was on disk: before anybody compares with it what they hold. */
  startStore(): void {
    this.edges.registry.attach(addresses.server, this);
    this.supervisor.spawn('store', addresses.store, () => this.makeStore());
  }

  /** Brings the other actors to life, in an order in which each finds those it sends to. */
  start(): void {
    const { supervisor, edges, settings } = this;
    const { registry, clock, random, bucket } = edges;
    const { identity, limits, hold = 'all' } = settings;
    // It may have failed since its store was started.
    if (!this.life.getSnapshot().matches('idle')) return;
    supervisor.spawn('flood', addresses.flood, () => new Flood(registry, identity.server, identity.neighbours));
    if (bucket !== undefined) {
      const reaching = { clock, random, bucket };
      const makeSpread = () => new NatsSpread(registry, reaching, limits, hold);
      supervisor.spawn('bucket', addresses.bucketSpread, makeSpread);
    }
    supervisor.spawn('watch', addresses.watch, () => new Watch(registry, hold, this.shared));
    supervisor.spawn('clocks', addresses.clocks, () => new ClockWatch(registry));
    supervisor.spawn('seeker', addresses.seeker, () => this.makeSeeker());
    const asking = { clock, random, http: edges.http, budget: new Budget(settings.upstreamPace.budget) };
    supervisor.spawn(
      'upstream',
      addresses.upstream,
      () => new Twitter(registry, asking, settings.upstream, settings.upstreamPace),
    );
    supervisor.spawn('acceptor', addresses.acceptor, () => new PeerAcceptor(registry, clock, edges.secrets, identity));
    for (const neighbour of identity.neighbours) {
      const link = addresses.link(neighbour);
      supervisor.spawn('link', link, () => new PeerLink(registry, edges, settings, neighbour));
    }
    this.life.send({ type: 'START' });
  }

  private makeStore(): Actor<StoreMessage> {
    const { limits, hold } = this.settings;
    const { registry, clock, bucket, random } = this.edges;
    if (hold === 'touched') return new TouchedStore(registry, random, limits);
    const spreads = bucket === undefined ? [addresses.flood] : [addresses.flood, addresses.bucketSpread];
    return new LocationStore(registry, clock, random, limits, spreads);
  }

  private makeSeeker(): Actor<SeekerMessage> {
    const { identity, limits, hold } = this.settings;
    const { registry, clock, random } = this.edges;
    if (hold === 'touched') return new BucketSeeker(registry, clock, limits.seekMs);
    const seeking = {
      ...identity,
      withinMs: limits.seekMs,
      perSecondMax: limits.seeksPerSecondMax,
      perSecondPerAddressMax: limits.seeksPerSecondPerAddressMax,
    };
    return new Seeker(registry, clock, random, seeking);
  }

  /** Takes a call from another server that has not said yet who it is. */
  readonly acceptPeer = (wire: PeerWire): PeerWireListener => {
    const mailbox = new WireMailbox(this.edges.registry, addresses.acceptor);
    // A server that has stopped or failed has nobody who would close it.
    if (this.life.getSnapshot().status !== 'active') {
      wire.close();
      return mailbox;
    }
    this.edges.registry.send(addresses.acceptor, { kind: 'wire-accepted', wire, mailbox });
    return mailbox;
  };

  /** Tells neighbours that dial this server that it takes their calls, so that they need not find out ([PE29]). */
  announce(): void {
    for (const neighbour of this.settings.identity.neighbours) {
      this.edges.registry.send(addresses.link(neighbour), { kind: 'announce' });
    }
  }

  /** Answers what clients wait for, sends them away, and stops. Resolves when the server has stopped or failed. */
  async drain(): Promise<void> {
    this.life.send({ type: 'DRAIN' });
    await toPromise(this.life);
  }

  receive(message: ServerMessage): void {
    switch (message.kind) {
      case 'client-arrived':
        this.shared.scheduler.arrived();
        return this.arrived(message.connection, message.wire);
      case 'client-left':
        this.supervisor.stop(addresses.connection(message.connection));
        return this.left(message.connection, message.reason);
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    // Each connection gives its slots back; the upstream would be asked for the next one in vain, and perhaps for money.
    this.shared.querySlots.close();
    this.supervisor.stopAll();
    this.edges.registry.detach(addresses.server);
    this.clients.clear();
  }

  private arrived(connection: number, wire: ClientWire): void {
    const refusal = this.refusalOf(wire);
    if (refusal !== undefined) {
      wire.destroy();
      return this.tell('client-refused', wire, refusal);
    }
    const { registry, clock } = this.edges;
    const { identity, limits, upstream } = this.settings;
    const settings = { server: identity.server, limits, upstream, shared: this.shared };
    this.clients.set(connection, wire);
    this.tell('client-connected', wire, '');
    this.supervisor.spawn(
      'connection',
      addresses.connection(connection),
      () => new Connection(registry, clock, settings, connection, wire),
    );
  }

  /** Why a client is not served; undefined if it is: it has a place of its address then. */
  private refusalOf(wire: ClientWire): string | undefined {
    const { connectionsMax, connectionsPerAddressMax } = this.settings.limits;
    if (!this.life.getSnapshot().matches('running')) return 'the server is on its way down';
    if (this.clients.size >= connectionsMax) return `there are ${connectionsMax} connections already`;
    if (this.clientsPerAddress.take(remoteAddressOf(wire.far))) return undefined;
    return `there are ${connectionsPerAddressMax} connections from this address already`;
  }

  private left(connection: number, reason: string): void {
    const wire = this.clients.get(connection);
    if (wire === undefined) return;
    this.clients.delete(connection);
    this.clientsPerAddress.release(remoteAddressOf(wire.far));
    // On the way down they have ended it themselves, and whoever keeps who watches may be gone before the last of them.
    if (this.life.getSnapshot().matches('running')) this.unwatch(connection);
    this.tell('client-disconnected', wire, reason);
    if (this.clients.size === 0) this.life.send({ type: 'CLIENTS_GONE' });
  }

  private unwatch(connection: number): void {
    const watcher = addresses.connection(connection);
    this.edges.registry.send(addresses.store, { kind: 'unwatch', watcher, client: undefined });
  }

  /** A connection's actor failed and was stopped. */
  private forget(address: string): void {
    for (const connection of this.clients.keys()) {
      if (addresses.connection(connection) === address) return this.left(connection, 'its actor failed');
    }
  }

  private sayGoodbye(): void {
    const { registry } = this.edges;
    for (const neighbour of this.settings.identity.neighbours) {
      registry.send(addresses.link(neighbour), { kind: 'say-goodbye' });
    }
  }

  private drainClients(): void {
    const { registry } = this.edges;
    for (const connection of this.clients.keys()) registry.send(addresses.connection(connection), { kind: 'drain' });
    if (this.clients.size === 0) this.life.send({ type: 'CLIENTS_GONE' });
  }

  private tell(kind: ClientEvent['kind'], wire: ClientWire, reason: string): void {
    const { transport, far } = wire;
    this.edges.registry.publish({ kind, transport, far, reason, clients: this.clients.size });
  }
}
