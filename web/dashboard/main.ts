import { ClientPanel } from './panels/client-panel.js';
import { Console } from './panels/console.js';
import { byId } from './dom.js';
import { EventList } from './panels/event-list.js';
import { Feed, discoverHerd, type FeedListener } from './data/feed.js';
import { Graph } from './graph/graph.js';
import { broker, Herd, type Server } from './data/herd.js';
import { Locations, type ClientLocation } from './data/locations.js';
import { WorldMap } from './map/map.js';
import { NearbyPanel } from './panels/nearby-panel.js';
import { NodePanel } from './panels/node-panel.js';
import { Palette } from './palette.js';
import { Pulses } from './graph/pulses.js';
import { Selection } from './data/selection.js';
import { createReplicaLag } from './graph/replica-lag.js';
import { Summary } from './panels/summary.js';
import { token } from './data/token.js';
import { DemoPhones } from './panels/demo-phones.js';
import { fetchWorld } from './map/world.js';

const herd = new Herd();
const locations = new Locations();
const selection = new Selection();
const palette = new Palette();
const pulses = new Pulses();

const map = new WorldMap(locations, selection, palette);
const replicaLag = createReplicaLag(locations);
const legend = byId('legend', HTMLElement);
const graph = new Graph(byId('herd-graph', HTMLElement), herd, { pulses, palette, replicaLag, legend, selection });
const commandConsole = new Console(herd);
const events = new EventList(herd);
const views = [
  map,
  graph,
  commandConsole,
  events,
  new ClientPanel(herd, locations, selection, () => map.goToSelected()),
  new NearbyPanel(herd, selection, {
    selectedServer: () => commandConsole.server,
    goTo: (position) => map.goTo(position),
    goToResults: (circle, places) => map.goToResults(circle, places),
  }),
  new NodePanel(herd, selection),
  new Summary(herd, locations),
  new DemoPhones(herd),
];
const feeds: Feed[] = [];

function updateLocations(server: Server, clientLocations: readonly ClientLocation[]): void {
  const nowMs = performance.now();
  for (const location of clientLocations) {
    locations.update(location, server.index, herd.server(location.server)?.index ?? 0, nowMs);
  }
}

const listener: FeedListener = {
  located: updateLocations,
  learned: (server, from, clientLocations) => {
    updateLocations(server, clientLocations);
    const first = herd.server(clientLocations[0]?.server ?? '')?.index ?? server.index;
    pulses.add(from ?? server.name, server.name, clientLocations.length, first);
    const publishesToBroker = from !== broker && herd.end(server.name, broker)?.current.state === 'live';
    if (publishesToBroker) pulses.add(server.name, broker, clientLocations.length, first);
  },
  occurred: (event) => {
    events.add(event, performance.now());
    // Injected faults are part of the status only, and other servers than the one that took the action may report them.
    if (event.kind === 'admin-action' && event.data['outcome'] === 'accepted') void refreshAllOnce();
  },
  disconnected: (server) => locations.removeServer(server.index),
};

/** Draws everything that has changed since the last frame. */
function frame(nowMs: number): void {
  for (const view of views) view.paint(nowMs);
  requestAnimationFrame(frame);
}

/** Fetches the status of all servers. Unreachable ones are retried by their feeds anyway. */
function refreshAll(): Promise<unknown> {
  return Promise.allSettled(feeds.map((feed) => feed.refresh()));
}

/** Number of requests since the current refresh began; 0 while there is none. */
let refreshRequests = 0;

/** Fetches the status of all servers, one refresh at a time. Requests during a refresh lead to one more. */
async function refreshAllOnce(): Promise<void> {
  refreshRequests += 1;
  if (refreshRequests > 1) return;
  do {
    refreshRequests = 1;
    await refreshAll();
  } while (refreshRequests > 1);
  refreshRequests = 0;
}

requestAnimationFrame(frame);
const discovered = discoverHerd(herd).then(() => {
  feeds.push(...herd.serverList.filter(({ url }) => url !== '').map((server) => new Feed(herd, listener, server)));
  token.onToken((purpose) => {
    void refreshAll().then(() => {
      if (purpose === 'admin' && herd.adminAccess === 'token-required') token.request(purpose);
    });
  });
});
const worldShown = fetchWorld().then((land) => {
  map.show(land);
});
// A frame requested here follows the painting of the present one.
void Promise.all([discovered, worldShown]).then(() => requestAnimationFrame(() => performance.mark('useful')));
