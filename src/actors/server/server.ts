import { createActor, toPromise, type Actor as Machine } from 'xstate';
import type { Upstream } from '../../protocol/upstream/upstream.js';
import { IamatScanner } from '../../protocol/client/scan-iamat.js';
import { BatchPool } from '../bus/batch-pool.js';
import { LineEncoder } from '../bus/line-encoder.js';
import { ActorGateway } from '../client/actor-gateway.js';
import { AddressQuota } from '../client/address-quota.js';
import type { Actor, ActorRegistry } from '../bus/bus.js';
import type { ClientChannel } from '../ports/client-channel.js';
import type { Clock } from '../ports/clock.js';
import { ClockMonitor } from '../peer/clock-monitor.js';
import { Connection } from '../client/connection.js';
import { Flood } from '../replication/flood.js';
import type { PeerIdentity } from '../../protocol/peer/handshake.js';
import type { ClientEvent } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import type { Limits, LinkTimings } from '../ports/limits.js';
import type { PubSub } from '../ports/pub-sub.js';
import { LocationStore } from '../store/location-store.js';
import { addresses } from '../addresses.js';
import type { LookupMessage } from '../replication/messages.js';
import type { ServerMessage } from './messages.js';
import type { StoreMessage } from '../store/messages.js';
import { NatsReplication, type NatsReplicationSettings } from '../replication/partitions/nats-replication.js';
import { PartitionLookup } from '../replication/partitions/partition-lookup.js';
import { acceptChannel, PeerAcceptor } from '../peer/peer-acceptor.js';
import { PeerLink, type PeerLinkDependencies } from '../peer/peer-link.js';
import { remoteHostOf } from '../client/remote-host.js';
import { ClientLookup } from '../replication/client-lookup.js';
import { ReportCollector } from '../client/report-collector.js';
import type { TurnScheduler } from '../ports/turn-scheduler.js';
import { serverMachine, type ServerActions } from './server-machine.js';
import { SharedLimits } from '../client/shared-limits.js';
import { Supervisor } from '../bus/supervisor.js';
import type { PeerChannel, PeerChannelHandler } from '../ports/transport.js';
import { Twitter } from '../upstream/twitter.js';
import { Budget } from '../upstream/budget.js';
import type { UpstreamSettings } from '../upstream/upstream-settings.js';
import { SubscriptionRegistry } from '../client/subscription-registry.js';

/** Settings of a server. */
export interface ServerSettings {
  readonly identity: PeerIdentity;
  readonly upstream: Upstream;
  readonly limits: Limits;
  readonly linkTimings: LinkTimings;
  readonly upstreamSettings: UpstreamSettings;
  /** Replication over NATS, in addition to flooding; undefined without. */
  readonly nats?: Pick<NatsReplicationSettings, 'subjectName' | 'replicas'> | undefined;
}

/** Dependencies of a server: its only access to time, randomness, the network and other processes. */
export interface ServerDependencies extends PeerLinkDependencies {
  readonly registry: ActorRegistry;
  readonly clock: Clock;
  readonly http: Http;
  /** Runs work after the commands of clients in the same turn, before locations are sent to neighbours. */
  readonly reports: TurnScheduler;
  /** The connection to NATS; undefined without `nats` in the settings. */
  readonly pubSub?: PubSub | undefined;
}

/** Root actor of a server: starts and supervises the other actors, and drains them when the server stops. */
export class Server implements Actor<ServerMessage> {
  private readonly supervisor: Supervisor;
  private readonly lifecycle: Machine<typeof serverMachine>;
  private readonly clients = new Map<number, ClientChannel>();
  private readonly clientsPerAddress: AddressQuota;
  /** Whether replication over NATS, if there is any, has handed over what only this server had. */
  private hasLeft = true;
  /** The limits shared by all clients, including those of the HTTP server. */
  readonly sharedLimits: SharedLimits;
  private readonly scanner: IamatScanner;
  /** Batches for the reports of a chunk. */
  private readonly batches: BatchPool;
  private readonly encoder: LineEncoder;
  private readonly reports: ReportCollector;
  /** Sends the requests of HTTP clients to this server's actors. */
  readonly gateway: ActorGateway;

  constructor(
    private readonly settings: ServerSettings,
    private readonly dependencies: ServerDependencies,
  ) {
    const { registry, clock } = dependencies;
    this.sharedLimits = new SharedLimits(settings.limits, clock);
    this.scanner = new IamatScanner(settings.identity.server, settings.limits);
    this.batches = new BatchPool(registry);
    this.encoder = new LineEncoder(registry);
    this.reports = new ReportCollector(registry, dependencies.reports);
    this.gateway = new ActorGateway(registry);
    this.clientsPerAddress = new AddressQuota(settings.limits.maxConnectionsPerAddress);
    this.supervisor = new Supervisor(registry, clock, {
      onStopped: (address) => this.removeFailedConnection(address),
      onEscalated: (error) => this.lifecycle.send({ type: 'FAIL', reason: String(error) }),
    });
    const actions: ServerActions = {
      sendGoodbye: () => this.sendGoodbye(),
      drainClients: () => this.drainClients(),
      stopActors: () => this.stop(),
      publishState: (state, reason) => registry.publish({ kind: 'server', state, reason }),
    };
    this.lifecycle = createActor(serverMachine, { clock, input: actions });
    this.lifecycle.subscribe({ error: (error) => registry.send(addresses.server, { kind: 'machine-failed', error }) });
    this.lifecycle.start();
  }

  /** Starts the store, which must receive the locations from disk before neighbours compare stores with it. */
  startStore(): void {
    this.dependencies.registry.attach(addresses.server, this);
    this.supervisor.spawn('store', addresses.store, () => this.createStore());
  }

  /** Starts the other actors, each after those to which it sends when it starts. */
  start(): void {
    const { supervisor, dependencies, settings } = this;
    const { registry, clock, random, pubSub, reports: turn } = dependencies;
    const { identity, limits, linkTimings, nats } = settings;
    // The server may have failed since the store was started.
    if (!this.lifecycle.getSnapshot().matches('idle')) return;
    supervisor.spawn('flood', addresses.flood, () => new Flood(registry, identity.server, identity.neighbours));
    supervisor.spawn('clock-monitor', addresses.clockMonitor, () => new ClockMonitor(registry));
    supervisor.spawn('lookup', addresses.lookup, () => this.createLookup());
    if (pubSub !== undefined && nats !== undefined) {
      const natsSettings = { ...nats, server: identity.server, linkTimings, limits };
      const natsDependencies = { clock, random, pubSub, turn };
      this.hasLeft = false;
      supervisor.spawn('nats', addresses.nats, () => new NatsReplication(registry, natsDependencies, natsSettings));
    }
    supervisor.spawn(
      'subscriptions',
      addresses.subscriptions,
      () => new SubscriptionRegistry(registry, limits, this.sharedLimits, pubSub !== undefined),
    );
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
    const { limits, identity } = this.settings;
    const { registry, clock, pubSub, random } = this.dependencies;
    if (pubSub === undefined) return new LocationStore(registry, clock, random, limits);
    const replicators = [addresses.flood, addresses.nats];
    // A server that floods as well holds every client.
    const partitioning = identity.neighbours.length === 0 ? 'some' : 'all';
    return new LocationStore(registry, clock, random, limits, replicators, partitioning);
  }

  private createLookup(): Actor<LookupMessage> {
    const { identity, limits } = this.settings;
    const { registry, clock, random, pubSub } = this.dependencies;
    if (pubSub !== undefined && identity.neighbours.length === 0) {
      return new PartitionLookup(registry, clock, limits.lookupTimeoutMs);
    }
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

  /** Announces to the neighbours that dial this server that it listens, so that they connect at once ([PE29]). */
  announce(): void {
    for (const neighbour of this.settings.identity.neighbours) {
      this.dependencies.registry.send(addresses.link(neighbour), { kind: 'announce' });
    }
  }

  /** Completes pending responses, disconnects the clients, and stops. Resolves when the server has stopped or failed. */
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
      case 'replication-left':
        this.hasLeft = true;
        return this.checkDrained();
      case 'machine-failed':
        throw message.error;
      default:
        message satisfies never;
    }
  }

  stop(): void {
    // Connections release their query slots, which must not start further upstream requests: they may cost money.
    this.sharedLimits.querySlots.close();
    this.supervisor.stopAll();
    this.dependencies.registry.detach(addresses.server);
    this.clients.clear();
  }

  private addClient(connection: number, channel: ClientChannel): void {
    const rejection = this.findRejectionReason(channel);
    if (rejection !== undefined) {
      channel.destroy();
      return this.publishClientEvent('client-rejected', channel, rejection);
    }
    const { registry, clock } = this.dependencies;
    const { identity, limits, upstream } = this.settings;
    const { sharedLimits: shared, scanner, batches, encoder, reports } = this;
    const settings = { server: identity.server, limits, upstream, shared, scanner, batches, encoder, reports };
    this.clients.set(connection, channel);
    this.publishClientEvent('client-connected', channel, '');
    this.supervisor.spawn(
      'connection',
      addresses.connection(connection),
      () => new Connection(registry, clock, settings, connection, channel),
    );
  }

  /** Returns why a client is rejected. If undefined, a unit of its host's quota is acquired. */
  private findRejectionReason(channel: ClientChannel): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.settings.limits;
    if (!this.lifecycle.getSnapshot().matches('running')) return 'server is shutting down';
    if (this.clients.size >= maxConnections) return `too many connections (limit ${maxConnections})`;
    if (this.clientsPerAddress.tryAcquire(remoteHostOf(channel.remoteAddress))) return undefined;
    return `too many connections from this address (limit ${maxConnectionsPerAddress})`;
  }

  private removeClient(connection: number, reason: string): void {
    const channel = this.clients.get(connection);
    if (channel === undefined) return;
    this.clients.delete(connection);
    this.clientsPerAddress.release(remoteHostOf(channel.remoteAddress));
    // A draining connection has unsubscribed itself, and the registry may already be stopped.
    if (this.lifecycle.getSnapshot().matches('running')) this.unsubscribe(connection);
    this.publishClientEvent('client-disconnected', channel, reason);
    this.checkDrained();
  }

  /** Ends the drain when all clients are gone and other servers have what this one held. */
  private checkDrained(): void {
    if (this.clients.size === 0 && this.hasLeft) this.lifecycle.send({ type: 'DRAINED' });
  }

  private unsubscribe(connection: number): void {
    const subscriber = addresses.connection(connection);
    this.dependencies.registry.send(addresses.store, { kind: 'unsubscribe', subscriber, client: undefined });
  }

  /** Removes the client of a connection that failed and was stopped. */
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
    if (!this.hasLeft) registry.send(addresses.nats, { kind: 'leave' });
  }

  private drainClients(): void {
    const { registry } = this.dependencies;
    for (const connection of this.clients.keys()) registry.send(addresses.connection(connection), { kind: 'drain' });
    this.checkDrained();
  }

  private publishClientEvent(kind: ClientEvent['kind'], channel: ClientChannel, reason: string): void {
    const { transport, remoteAddress } = channel;
    this.dependencies.registry.publish({ kind, transport, remoteAddress, reason, clients: this.clients.size });
  }
}
