import type { ServerId } from '../../protocol/place/ids.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import type { WorldListener } from '../environment.js';

/** Tells of what happens on the bus of a server, but for its start and its end. */
export function watchBus(server: ServerId, bus: MessageBus, tell: WorldListener): void {
  bus.on('locations-learned', ({ locations, from }) => {
    for (const location of locations) tell({ kind: 'learned', server, location, from });
  });
  bus.on('location-forgotten', ({ location }) => tell({ kind: 'forgotten', server, location }));
  bus.on('lines', ({ direction, party, far, lines }) => {
    if (direction === 'in' || party === 'client') return;
    for (const line of lines) tell({ kind: 'told', server, neighbour: far as ServerId, line });
  });
  bus.on('link', ({ neighbour, state, reason }) => tell({ kind: 'link', server, neighbour, state, reason }));
  bus.on('warning', ({ about }) => {
    if (about === 'slow-neighbour') tell({ kind: 'backlog-dropped', server });
  });
  bus.on('clock', ({ state }) => tell({ kind: 'clock', server, state }));
  bus.on('bucket', ({ state, reason }) => tell({ kind: 'bucket', server, state, reason }));
  bus.on('peer-refused', ({ reason }) => tell({ kind: 'turned-away', server, who: 'server', reason }));
  bus.on('client-refused', ({ reason }) => tell({ kind: 'turned-away', server, who: 'client', reason }));
  bus.on('actor-failed', ({ address: at, error }) => tell({ kind: 'failed', server, text: `${at}: ${String(error)}` }));
  bus.on('server', ({ state, reason }) => {
    if (state === 'failed') tell({ kind: 'failed', server, text: reason });
  });
}

/** The same, and of its start. */
export function watchRun(server: ServerId, bus: MessageBus, tell: WorldListener): void {
  bus.on('locations-remembered', ({ locations }) => tell({ kind: 'started', server, remembered: locations }));
  watchBus(server, bus, tell);
}
