import { ClientPanel } from './panels/client-panel.js';
import { Console } from './panels/console.js';
import { part } from './dom.js';
import { EventList } from './panels/event-list.js';
import { Feed, meetHerd, type Listener } from './data/feed.js';
import { Graph } from './graph/graph.js';
import { engine, Herd, type Server } from './data/herd.js';
import { Locations, type Told } from './data/locations.js';
import { WorldMap } from './map/map.js';
import { NearPanel } from './panels/near-panel.js';
import { NodePanel } from './panels/node-panel.js';
import { Palette } from './map/palette.js';
import { Pulses } from './map/pulses.js';
import { Selection } from './panels/selection.js';
import { Stage } from './panels/scenario-panel.js';
import { standingIn } from './panels/replica-lag.js';
import { Summary } from './panels/summary.js';
import { token } from './panels/token.js';
import { Travellers } from './panels/demo-phones.js';
import { fetchWorld } from './map/world.js';

const herd = new Herd();
const locations = new Locations();
const selection = new Selection();
const palette = new Palette();
const pulses = new Pulses();

const map = new WorldMap(locations, selection, palette);
const standing = standingIn(locations);
const legend = part('legend', HTMLElement);
const graph = new Graph(part('herd-graph', HTMLElement), herd, { pulses, palette, standing, legend, selection });
const talk = new Console(herd);
const events = new EventList(herd);
const views = [
  map,
  graph,
  talk,
  events,
  new ClientPanel(herd, locations, selection, () => map.goToPicked()),
  new NearPanel(herd, selection, {
    speaker: () => talk.server,
    goTo: (position) => map.goTo(position),
    goToFound: (circle, things) => map.goToFound(circle, things),
  }),
  new NodePanel(herd, selection),
  new Summary(herd, locations),
  new Stage(herd, palette),
  new Travellers(herd),
];
const feeds: Feed[] = [];

function take(teller: Server, told: readonly Told[]): void {
  const nowMs = performance.now();
  for (const location of told) {
    locations.take(location, teller.index, herd.server(location.server)?.index ?? 0, nowMs);
  }
}

const listener: Listener = {
  told: take,
  learned: (server, from, told) => {
    take(server, told);
    const first = herd.server(told[0]?.server ?? '')?.index ?? server.index;
    pulses.learned(from ?? server.name, server.name, told.length, first);
    const tellsEngine = from !== engine && herd.end(server.name, engine)?.now.state === 'live';
    if (tellsEngine) pulses.learned(server.name, engine, told.length, first);
  },
  happened: (happening) => {
    events.add(happening, performance.now());
    // What is done to a link by hand, servers tell only who asks; whichever was told to do it, both ends may know.
    if (happening.kind === 'administration' && happening.data['outcome'] === 'asked') void askAgain();
  },
  lost: (server) => locations.forget(server.index),
};

/** Whatever came since the last frame is drawn in one go. */
function frame(nowMs: number): void {
  for (const view of views) view.paint(nowMs);
  requestAnimationFrame(frame);
}

/** Asks every server again what it is. One that is away is called again in any case. */
function askAll(): Promise<unknown> {
  return Promise.allSettled(feeds.map((feed) => feed.ask()));
}

/** How often it was wanted, since nobody was asked, that all are asked again. */
let wanted = 0;

/** Asks every server again, as often as there is reason to, but never twice at once. */
async function askAgain(): Promise<void> {
  wanted += 1;
  if (wanted > 1) return;
  do {
    wanted = 1;
    await askAll();
  } while (wanted > 1);
  wanted = 0;
}

requestAnimationFrame(frame);
const met = meetHerd(herd).then(() => {
  feeds.push(...herd.list.filter(({ url }) => url !== '').map((server) => new Feed(herd, listener, server)));
  token.whenGiven((purpose) => {
    void askAll().then(() => {
      if (purpose === 'administration' && herd.administering === 'token') token.ask(purpose);
    });
  });
});
const come = fetchWorld().then((land) => {
  map.show(land);
});
// What is asked for here comes behind this frame's painting.
void Promise.all([met, come]).then(() => requestAnimationFrame(() => performance.mark('useful')));
