import { createActor, toPromise, type Actor as Machine } from 'xstate';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { ActorGateway } from '../client/actor-gateway.js';
import { AddressQuota } from '../client/address-quota.js';
import type { Actor, ActorRegistry } from '../bus/bus.js';
import type { ClientChannel } from '../ports/client-channel.js';
import type { Clock } from '../ports/clock.js';
import { BucketSeeker } from '../replication/nats/bucket-seeker.js';
import { ClockMonitor } from '../peer/clock-monitor.js';
import { Connection } from '../client/connection.js';
import { Flood } from '../replication/flood.js';
import type { PeerIdentity } from '../../protocol/peer/handshake.js';
import type { ClientEvent } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import type { Limits, LinkTimings } from '../ports/limits.js';
import type { LocationBucket, Hold } from '../ports/location-bucket.js';
import { LocationStore } from '../store/location-store.js';
import { addresses } from '../addresses.js';
import type { LookupMessage } from '../replication/messages.js';
import type { ServerMessage } from './messages.js';
import type { StoreMessage } from '../store/messages.js';
import { NatsSpread } from '../replication/nats/nats-spread.js';
import { acceptChannel, PeerAcceptor } from '../peer/peer-acceptor.js';
import { PeerLink, type PeerLinkDependencies } from '../peer/peer-link.js';
import { remoteHostOf } from '../client/remote-host.js';
import { ClientLookup } from '../replication/client-lookup.js';
import { serverMachine } from './server-machine.js';
import { SharedLimits } from './shared-limits.js';
import { Supervisor } from '../bus/supervisor.js';
import type { PeerChannel, PeerChannelHandler } from '../ports/transport.js';
import { TouchedStore } from '../replication/nats/touched-store.js';
import { Twitter } from '../upstream/twitter.js';
import { Budget } from '../upstream/budget.js';
import type { UpstreamSettings } from '../upstream/upstream-settings.js';
import { SubscriptionRegistry } from '../client/subscription-registry.js';

/** What a server is told about itself. */
export interface ServerSettings {
  readonly identity: PeerIdentity;
  readonly upstream: Upstream;
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
  readonly upstreamSettings: UpstreamSettings;
  /** Which clients it holds. Left out: all. Only a server that spreads locations by a bucket may hold fewer. */
  readonly hold?: Hold | undefined;
}

/** What a server needs of the world: everything through which time, chance or another machine can reach its actors. */
export interface ServerDependencies extends PeerLinkDependencies {
  readonly registry: ActorRegistry;
  readonly clock: Clock;
  readonly http: Http;
  /** What locations are spread by besides being flooded to neighbours; undefined: by nothing. */
  readonly bucket?: LocationBucket | undefined;
}

/** The root of one server's actors: starts them, supervises them, and drains them when it is told to stop. */
export class Server implements Actor<ServerMessage> {
  private readonly supervisor: Supervisor;
  private readonly lifecycle: Machine<typeof serverMachine>;
  private readonly clients = new Map<number, ClientChannel>();
  private readonly clientsPerAddress: AddressQuota;
  /** The limits that all clients share: those whom this server's actors serve, and those whom its HTTP server does. */
  readonly sharedLimits: SharedLimits;
  /** Sends the requests of HTTP clients to this server's actors. */
  readonly gateway: ActorGateway;

  constructor(
    private readonly settings: ServerSettings,
    private readonly dependencies: ServerDependencies,
  ) {
    const { registry, clock } = dependencies;
    this.sharedLimits = new SharedLimits(settings.limits, clock);
    this.gateway = new ActorGateway(registry);
    this.clientsPerAddress = new AddressQuota(settings.limits.maxConnectionsPerAddress);
    this.supervisor = new Supervisor(registry, clock, {
      onStopped: (address) => this.removeFailedConnection(address),
      onEscalated: (error) => this.lifecycle.send({ type: 'FAIL', reason: String(error) }),
    });
    this.lifecycle = createActor(
      serverMachine.provide({
        actions: {
          sendGoodbye: () => this.sendGoodbye(),
          drainClients: () => this.drainClients(),
          stopActors: () => this.stop(),
          publishState: ({ context }, { state }) => registry.publish({ kind: 'server', state, reason: context.reason }),
        },
      }),
      { clock },
    );
    this.lifecycle.subscribe({ error: (error) => registry.send(addresses.server, { kind: 'machine-failed', error }) });
    this.lifecycle.start();
  }

  /** Brings the store to life, which is then told what was on disk: before anybody compares with it what they hold. */
  startStore(): void {
    this.dependencies.registry.attach(addresses.server, this);
    this.supervisor.spawn('store', addresses.store, () => this.createStore());
  }

  /** Brings the other actors to life, in an order in which each finds those it sends to. */
  start(): void {
    const { supervisor, dependencies, settings } = this;
    const { registry, clock, random, bucket } = dependencies;
    const { identity, limits, hold = 'all' } = settings;
    // It may have failed since its store was started.
    if (!this.lifecycle.getSnapshot().matches('idle')) return;
    supervisor.spawn('flood', addresses.flood, () => new Flood(registry, identity.server, identity.neighbours));
    if (bucket !== undefined) {
      const natsDependencies = { clock, random, bucket };
      const makeSpread = () => new NatsSpread(registry, natsDependencies, limits, hold);
      supervisor.spawn('bucket', addresses.bucketSpread, makeSpread);
    }
    supervisor.spawn(
      'subscriptions',
      addresses.subscriptions,
      () => new SubscriptionRegistry(registry, hold, this.sharedLimits),
    );
    supervisor.spawn('clock-monitor', addresses.clockMonitor, () => new ClockMonitor(registry));
    supervisor.spawn('lookup', addresses.lookup, () => this.createLookup());
    supervisor.spawn('gateway', addresses.gateway, () => this.gateway);
    const upstreamDependencies = {
      clock,
      random,
      http: dependencies.http,
      budget: new Budget(settings.upstreamSettings.budget),
    };
    supervisor.spawn(
      'upstream',
      addresses.upstream,
      () => new Twitter(registry, upstreamDependencies, settings.upstream, settings.upstreamSettings),
    );
    supervisor.spawn(
      'acceptor',
      addresses.acceptor,
      () => new PeerAcceptor(registry, clock, dependencies.secrets, identity),
    );
    for (const neighbour of identity.neighbours) {
      const link = addresses.link(neighbour);
      supervisor.spawn('link', link, () => new PeerLink(registry, dependencies, settings, neighbour));
    }
    this.lifecycle.send({ type: 'START' });
  }

  private createStore(): Actor<StoreMessage> {
    const { limits, hold } = this.settings;
    const { registry, clock, bucket, random } = this.dependencies;
    if (hold === 'touched') return new TouchedStore(registry, random, limits);
    const replicators = bucket === undefined ? [addresses.flood] : [addresses.flood, addresses.bucketSpread];
    return new LocationStore(registry, clock, random, limits, replicators);
  }

  private createLookup(): Actor<LookupMessage> {
    const { identity, limits, hold } = this.settings;
    const { registry, clock, random } = this.dependencies;
    if (hold === 'touched') return new BucketSeeker(registry, clock, limits.lookupTimeoutMs);
    const lookupSettings = {
      ...identity,
      timeoutMs: limits.lookupTimeoutMs,
      maxPerSecond: limits.maxLookupsPerSecond,
      maxPerSecondPerAddress: limits.maxLookupsPerSecondPerAddress,
    };
    return new ClientLookup(registry, clock, random, lookupSettings);
  }

  /** Accepts a channel from another server, which is not authenticated yet. */
  readonly acceptPeer = (channel: PeerChannel): PeerChannelHandler => {
    if (this.lifecycle.getSnapshot().status === 'active') return acceptChannel(this.dependencies.registry, channel);
    // A server that has stopped or failed has no acceptor that would close it.
    channel.close();
    return () => undefined;
  };

  /** Tells neighbours that dial this server that it takes their calls, so that they need not find out ([PE29]). */
  announce(): void {
    for (const neighbour of this.settings.identity.neighbours) {
      this.dependencies.registry.send(addresses.link(neighbour), { kind: 'announce' });
    }
  }

  /** Answers what clients wait for, sends them away, and stops. Resolves when the server has stopped or failed. */
  async drain(): Promise<void> {
    this.lifecycle.send({ type: 'DRAIN' });
    await toPromise(this.lifecycle);
  }

  receive(message: ServerMessage): void {
    switch (message.kind) {
      case 'connection-opened':
        this.sharedLimits.scheduler.noteArrival();
        return this.addClient(message.connection, message.channel);
      case 'connection-closed':
        this.supervisor.stop(addresses.connection(message.connection));
        return this.removeClient(message.connection, message.reason);
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    // Each connection gives its slots back; the upstream would be asked for the next one in vain, and perhaps for money.
    this.sharedLimits.querySlots.close();
    this.supervisor.stopAll();
    this.dependencies.registry.detach(addresses.server);
    this.clients.clear();
  }

  private addClient(connection: number, wire: ClientChannel): void {
    const rejection = this.findRejectionReason(wire);
    if (rejection !== undefined) {
      wire.destroy();
      return this.publishClientEvent('client-rejected', wire, rejection);
    }
    const { registry, clock } = this.dependencies;
    const { identity, limits, upstream } = this.settings;
    const settings = { server: identity.server, limits, upstream, shared: this.sharedLimits };
    this.clients.set(connection, wire);
    this.publishClientEvent('client-connected', wire, '');
    this.supervisor.spawn(
      'connection',
      addresses.connection(connection),
      () => new Connection(registry, clock, settings, connection, wire),
    );
  }

  /** Why a client is not served; undefined if it is: it has a place of its address then. */
  private findRejectionReason(wire: ClientChannel): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.settings.limits;
    if (!this.lifecycle.getSnapshot().matches('running')) return 'the server is on its way down';
    if (this.clients.size >= maxConnections) return `there are ${maxConnections} connections already`;
    if (this.clientsPerAddress.tryAcquire(remoteHostOf(wire.remoteAddress))) return undefined;
    return `there are ${maxConnectionsPerAddress} connections from this address already`;
  }

  private removeClient(connection: number, reason: string): void {
    const wire = this.clients.get(connection);
    if (wire === undefined) return;
    this.clients.delete(connection);
    this.clientsPerAddress.release(remoteHostOf(wire.remoteAddress));
    // On the way down they have ended it themselves, and whoever keeps who watches may be gone before the last of them.
    if (this.lifecycle.getSnapshot().matches('running')) this.unsubscribe(connection);
    this.publishClientEvent('client-disconnected', wire, reason);
    if (this.clients.size === 0) this.lifecycle.send({ type: 'CLIENTS_GONE' });
  }

  private unsubscribe(connection: number): void {
    const subscriber = addresses.connection(connection);
    this.dependencies.registry.send(addresses.store, { kind: 'unsubscribe', subscriber, client: undefined });
  }

  /** A connection's actor failed and was stopped. */
  private removeFailedConnection(address: string): void {
    for (const connection of this.clients.keys()) {
      if (addresses.connection(connection) === address) return this.removeClient(connection, 'its actor failed');
    }
  }

  private sendGoodbye(): void {
    const { registry } = this.dependencies;
    for (const neighbour of this.settings.identity.neighbours) {
      registry.send(addresses.link(neighbour), { kind: 'send-goodbye' });
    }
  }

  private drainClients(): void {
    const { registry } = this.dependencies;
    for (const connection of this.clients.keys()) registry.send(addresses.connection(connection), { kind: 'drain' });
    if (this.clients.size === 0) this.lifecycle.send({ type: 'CLIENTS_GONE' });
  }

  private publishClientEvent(kind: ClientEvent['kind'], wire: ClientChannel, reason: string): void {
    const { transport, remoteAddress } = wire;
    this.dependencies.registry.publish({ kind, transport, remoteAddress, reason, clients: this.clients.size });
  }
}
