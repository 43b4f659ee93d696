import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Location } from '../../protocol/place/location.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import type { SimulationListener } from '../environment.js';

/**
 * Emits events of a server's bus, except its start and end.
 * @param locationOf returns the location of a row of a batch; it may be shared with other servers
 */
export function instrumentBus(
  server: ServerId,
  bus: MessageBus,
  emit: SimulationListener,
  locationOf = (batch: LocationBatch, row: number): Location => batch.location(row),
): void {
  bus.on('locations-learned', ({ batch, from }) => {
    for (let row = 0; row < batch.count; row += 1)
      emit({ kind: 'learned', server, location: locationOf(batch, row), from });
  });
  bus.on('location-evicted', ({ location, reason }) => emit({ kind: 'evicted', server, location, reason }));
  bus.on('lines', ({ direction, party, remoteAddress, lines }) => {
    if (direction === 'in' || party === 'client') return;
    for (const line of lines) emit({ kind: 'line-sent', server, neighbour: remoteAddress as ServerId, line });
  });
  bus.on('link', ({ neighbour, state, reason }) => emit({ kind: 'link', server, neighbour, state, reason }));
  bus.on('warning', ({ about }) => {
    if (about === 'slow-neighbour') emit({ kind: 'backlog-dropped', server });
  });
  bus.on('clock', ({ state }) => emit({ kind: 'clock', server, state }));
  bus.on('nats', ({ state, reason }) => emit({ kind: 'nats', server, state, reason }));
  bus.on('members', ({ members }) => emit({ kind: 'members', server, members }));
  bus.on('partition', ({ partition, state }) => emit({ kind: 'partition', server, partition, state }));
  bus.on('partition-page', (page) => emit({ ...page, server }));
  bus.on('peer-rejected', ({ reason }) => emit({ kind: 'rejected', server, peerKind: 'server', reason }));
  bus.on('client-rejected', ({ reason }) => emit({ kind: 'rejected', server, peerKind: 'client', reason }));
  bus.on('actor-failed', ({ address: at, error }) => emit({ kind: 'failed', server, text: `${at}: ${String(error)}` }));
  bus.on('server', ({ state, reason }) => {
    if (state === 'failed') emit({ kind: 'failed', server, text: reason });
  });
}

/** Emits events of a server's bus, including its start. */
export function instrumentServerRun(server: ServerId, bus: MessageBus, emit: SimulationListener): void {
  bus.on('locations-restored', ({ locations }) => emit({ kind: 'started', server, restored: locations }));
  instrumentBus(server, bus, emit);
}
