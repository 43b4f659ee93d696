import { Conversation } from '../data/socket-session.js';
import { part, write } from '../dom.js';
import type { Herd } from '../data/herd.js';
import { posixNow } from '../data/posix-now.js';

/** How many phones travel, and how often each reports, in milliseconds. */
const phones = 30;
const everyMs = 500;

/** How long a journey takes, in seconds. */
const [journeyMin, journeyMax] = [15, 45];

type Place = readonly [latitude: number, longitude: number];

/** Where journeys begin and end: Los Angeles, New York, Mexico City, São Paulo, London, Cairo, Lagos, Cape Town, Moscow, ... */
const cities: readonly Place[] = [
  [34.05, -118.24],
  [40.71, -74.01],
  [19.43, -99.13],
  [-23.55, -46.63],
  [-12.05, -77.04],
  [51.51, -0.13],
  [30.04, 31.24],
  [6.52, 3.38],
  [-33.92, 18.42],
  [55.76, 37.62],
  [28.61, 77.21],
  [1.35, 103.82],
  [35.68, 139.69],
  [-33.87, 151.21],
  [64.15, -21.94],
];

interface Traveller {
  readonly name: string;
  from: Place;
  to: Place;
  startedMs: number;
  tookMs: number;
}

/** Phones that fly from city to city, and report to the servers as any phone does: IAMAT, over WebSocket. */
export class Travellers {
  private readonly button = part('travel', HTMLButtonElement);
  private conversations: Conversation[] = [];
  private travellers: Traveller[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly herd: Herd) {
    this.button.addEventListener('click', () => (this.timer === undefined ? this.start() : this.stop()));
  }

  /** Where no server is heard, there is nobody to report to. */
  paint(): void {
    this.button.disabled = this.timer === undefined && this.herd.list.every(({ reach }) => reach !== 'reached');
  }

  private start(): void {
    this.conversations = this.herd.list
      .filter(({ url }) => url !== '')
      .map(({ url }) => new Conversation(url, () => undefined));
    this.travellers = Array.from({ length: phones }, (_, at) => {
      const journey = nextJourney(anyCity());
      // Already on their way, each somewhere else.
      return { name: `traveller-${at + 1}`, ...journey, startedMs: journey.startedMs - Math.random() * journey.tookMs };
    });
    this.timer = setInterval(() => this.report(), everyMs);
    this.report();
    this.show(`Stop the ${phones} phones`, 'true');
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const conversation of this.conversations) conversation.end();
    this.show(`Let ${phones} phones travel`, 'false');
  }

  private show(words: string, pressed: string): void {
    write(this.button, words);
    this.button.setAttribute('aria-pressed', pressed);
  }

  private report(): void {
    const nowMs = performance.now();
    for (const [at, traveller] of this.travellers.entries()) {
      if (nowMs - traveller.startedMs > traveller.tookMs) Object.assign(traveller, nextJourney(traveller.to));
      const way = (nowMs - traveller.startedMs) / traveller.tookMs;
      const [latitude, longitude] = between(traveller.from, traveller.to, way);
      const position = `${degrees(latitude, 2)}${degrees(longitude, 3)}`;
      this.conversations[at % this.conversations.length]?.say(`IAMAT ${traveller.name} ${position} ${posixNow()}`);
    }
  }
}

function nextJourney(from: Place): Pick<Traveller, 'from' | 'to' | 'startedMs' | 'tookMs'> {
  let to = anyCity();
  while (to === from) to = anyCity();
  const seconds = journeyMin + Math.random() * (journeyMax - journeyMin);
  return { from, to, startedMs: performance.now(), tookMs: seconds * 1_000 };
}

function anyCity(): Place {
  return cities[Math.floor(Math.random() * cities.length)] ?? [0, 0];
}

/** A place on the great circle between two: how ships and planes go, and what makes their trails curves on a map. */
function between(from: Place, to: Place, way: number): Place {
  const [a, b] = [vectorOf(from), vectorOf(to)];
  const angle = Math.acos(a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0));
  const [near, far] = [Math.sin((1 - way) * angle) / Math.sin(angle), Math.sin(way * angle) / Math.sin(angle)];
  const [x = 0, y = 0, z = 0] = a.map((value, axis) => near * value + far * (b[axis] ?? 0));
  return [toDegrees(Math.asin(z)), toDegrees(Math.atan2(y, x))];
}

function vectorOf([latitude, longitude]: Place): readonly number[] {
  const [north, east] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(north) * Math.cos(east), Math.cos(north) * Math.sin(east), Math.sin(north)];
}

function toDegrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

/** An angle as ISO 6709 writes it: `+34.0689`, `-118.4451`. */
function degrees(value: number, digits: number): string {
  const text = Math.abs(value)
    .toFixed(4)
    .padStart(digits + 5, '0');
  return `${value < 0 ? '-' : '+'}${text}`;
}
