import type { z } from 'zod';
import type {
  ActorFailedEvent,
  AdminActionEvent,
  BreakerEvent,
  BudgetEvent,
  ClientEvent,
  ClockEvent,
  DeadLetterEvent,
  LinkEvent,
  MembersEvent,
  NatsEvent,
  PartitionsEvent,
  PeerRejectedEvent,
  ServerStateEvent,
  UpstreamFailedEvent,
  WarningEvent,
} from '../../../actors/bus/events.js';
import type { adminResponse, geoJsonResponse, listResponse, locationResponse } from './api-schemas.js';
import type { herdResponse } from './herd-schemas.js';

/*
 * Types of HTTP responses and server-sent events, inferred from the schemas. They import types only: the dashboard and the CLI
 * share them with the routes.
 */

/** A value that was received or is about to be sent. */
type Immutable<Value> = Value extends object ? { readonly [Key in keyof Value]: Immutable<Value[Key]> } : Value;

/** Location of a client. In a client ID that is not UTF-8, invalid bytes are replaced by U+FFFD. */
export type LocationJson = Immutable<z.infer<typeof locationResponse>>;

/** Response of `GET /api/clients`. */
export type ListResponse = Immutable<z.infer<typeof listResponse>>;

/** A client in the response of `GET /api/geojson`. */
export type GeoJsonFeature = Immutable<z.infer<typeof geoJsonResponse>>['features'][number];

/** Response of `GET /api/herd`. */
export type HerdResponse = Immutable<z.infer<typeof herdResponse>>;

/** Whether a caller may administer: it may, it could with the admin token, or administration is disabled. */
export type AdminAccess = HerdResponse['adminAccess'];

/** Response of `POST /api/admin`. */
export type AdminResponse = Immutable<z.infer<typeof adminResponse>>;

type DataOf<Event extends { readonly kind: string }> = Omit<Event, 'kind'>;

/** Data of each event of `GET /api/events`, by the event's name. */
export interface EventData {
  /** `from` is the neighbour that sent the locations, or `:nats`; null if clients reported them to this server. */
  readonly learned: { readonly from: string | null; readonly locations: readonly LocationJson[] };
  readonly restored: { readonly count: number };
  readonly evicted: LocationJson;
  /** Events that were not sent because the reader was too slow. */
  readonly dropped: { readonly count: number };
  readonly client: Omit<ClientEvent, 'kind' | 'count'> & { readonly change: 'connected' | 'disconnected' | 'rejected' };
  readonly link: DataOf<LinkEvent>;
  readonly clock: DataOf<ClockEvent>;
  readonly server: DataOf<ServerStateEvent>;
  readonly 'dead-letter': DataOf<DeadLetterEvent>;
  readonly 'actor-failed': Omit<ActorFailedEvent, 'kind' | 'error'> & { readonly error: string };
  readonly 'peer-rejected': DataOf<PeerRejectedEvent>;
  readonly 'upstream-failed': DataOf<UpstreamFailedEvent>;
  readonly 'upstream-breaker': DataOf<BreakerEvent>;
  /** `waitMs` is null if one request costs more than the limit. */
  readonly 'upstream-budget': Omit<BudgetEvent, 'kind' | 'waitMs'> & { readonly waitMs: number | null };
  readonly 'admin-action': DataOf<AdminActionEvent>;
  readonly nats: DataOf<NatsEvent>;
  readonly members: DataOf<MembersEvent>;
  readonly partitions: DataOf<PartitionsEvent>;
  readonly warning: DataOf<WarningEvent>;
}

/** Data of each event of `GET /api/changes`, by the event's name. */
export interface ChangeData {
  /** The first event without a Last-Event-ID: changes follow from here on. */
  readonly begin: Readonly<Record<string, never>>;
  /** The first event if the changes since the Last-Event-ID are not known: read all clients again. */
  readonly reset: Readonly<Record<string, never>>;
  readonly location: LocationJson;
}
