import type { LinkState, NatsState } from '../../../src/actors/bus/events.js';
import type { EventData, HerdResponse } from '../../../src/runtime/http/api/api-types.js';
import type { ClientLocation } from './locations.js';

/** Data of an event, not validated yet. */
export type StreamData = Readonly<Record<string, unknown>>;

/** State of one end of a link, or of a server's connection to the broker. */
export interface EndpointUpdate {
  readonly state: LinkState | NatsState;
  readonly sinceMs?: number;
  readonly retryInMs: number;
  readonly reason: string;
}

export interface LinkUpdate extends EndpointUpdate {
  readonly neighbour: string;
}

const states: Readonly<Record<LinkState | NatsState, true>> = {
  connecting: true,
  'catching-up': true,
  live: true,
  backoff: true,
  stopped: true,
  joining: true,
};

/** Partitions at a server by state, and those of the herd that are short of replicas. */
export type Partitions = NonNullable<HerdResponse['nats']>['partitions'];

export function isClientLocation(value: unknown): value is ClientLocation {
  if (!isStreamData(value)) return false;
  const { client, server, position, line } = value;
  const isPosition =
    Array.isArray(position) && position.length === 2 && position.every((degrees) => typeof degrees === 'number');
  return isPosition && [client, server, line].every((text) => typeof text === 'string');
}

export function isLearnedUpdate(value: unknown): value is EventData['learned'] {
  if (!isStreamData(value)) return false;
  const { from, locations } = value;
  return (from === null || typeof from === 'string') && Array.isArray(locations) && locations.every(isClientLocation);
}

export function isEndpointUpdate(value: unknown): value is EndpointUpdate {
  if (!isStreamData(value)) return false;
  const { state, sinceMs, retryInMs, reason } = value;
  const isState = typeof state === 'string' && Object.hasOwn(states, state);
  const areNumbers = [sinceMs ?? 0, retryInMs].every((number) => typeof number === 'number');
  return isState && areNumbers && typeof reason === 'string';
}

export function isLinkUpdate(value: unknown): value is LinkUpdate {
  return isEndpointUpdate(value) && typeof (value as EndpointUpdate & { neighbour?: unknown }).neighbour === 'string';
}

export function isPartitions(value: unknown): value is Partitions {
  if (!isStreamData(value)) return false;
  const { complete, filling, leaving, short } = value;
  return [complete, filling, leaving, short].every((number) => typeof number === 'number');
}

export function isStreamData(value: unknown): value is StreamData {
  return typeof value === 'object' && value !== null;
}
