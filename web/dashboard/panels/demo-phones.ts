import { SocketSession } from '../data/socket-session.js';
import { byId, setText } from '../dom.js';
import type { Herd } from '../data/herd.js';
import { posixNow } from '../data/posix-now.js';

/** How many phones travel, and how often each reports, in milliseconds. */
const phoneCount = 30;
const reportIntervalMs = 500;

/** How long a journey takes, in seconds. */
const [minJourneySeconds, maxJourneySeconds] = [15, 45];

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

interface DemoPhone {
  readonly name: string;
  from: Place;
  to: Place;
  startedMs: number;
  durationMs: number;
}

/** Phones that fly from city to city, and report to the servers as any phone does: IAMAT, over WebSocket. */
export class DemoPhones {
  private readonly button = byId('travel', HTMLButtonElement);
  private sessions: SocketSession[] = [];
  private demoPhones: DemoPhone[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly herd: Herd) {
    this.button.addEventListener('click', () => (this.timer === undefined ? this.start() : this.stop()));
  }

  /** Where no server is heard, there is nobody to report to. */
  paint(): void {
    this.button.disabled = this.timer === undefined && this.herd.serverList.every(({ reach }) => reach !== 'connected');
  }

  private start(): void {
    this.sessions = this.herd.serverList
      .filter(({ url }) => url !== '')
      .map(({ url }) => new SocketSession(url, () => undefined));
    this.demoPhones = Array.from({ length: phoneCount }, (_, index) => {
      const journey = createJourney(randomCity());
      // Already on their way, each somewhere else.
      return {
        name: `traveller-${index + 1}`,
        ...journey,
        startedMs: journey.startedMs - Math.random() * journey.durationMs,
      };
    });
    this.timer = setInterval(() => this.report(), reportIntervalMs);
    this.report();
    this.show(`Stop the ${phoneCount} phones`, 'true');
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const session of this.sessions) session.close();
    this.show(`Let ${phoneCount} phones travel`, 'false');
  }

  private show(label: string, pressed: string): void {
    setText(this.button, label);
    this.button.setAttribute('aria-pressed', pressed);
  }

  private report(): void {
    const nowMs = performance.now();
    for (const [index, phone] of this.demoPhones.entries()) {
      if (nowMs - phone.startedMs > phone.durationMs) Object.assign(phone, createJourney(phone.to));
      const progress = (nowMs - phone.startedMs) / phone.durationMs;
      const [latitude, longitude] = interpolate(phone.from, phone.to, progress);
      const position = `${formatDegrees(latitude, 2)}${formatDegrees(longitude, 3)}`;
      this.sessions[index % this.sessions.length]?.send(`IAMAT ${phone.name} ${position} ${posixNow()}`);
    }
  }
}

function createJourney(from: Place): Pick<DemoPhone, 'from' | 'to' | 'startedMs' | 'durationMs'> {
  let to = randomCity();
  while (to === from) to = randomCity();
  const seconds = minJourneySeconds + Math.random() * (maxJourneySeconds - minJourneySeconds);
  return { from, to, startedMs: performance.now(), durationMs: seconds * 1_000 };
}

function randomCity(): Place {
  return cities[Math.floor(Math.random() * cities.length)] ?? [0, 0];
}

/** A place on the great circle between two: how ships and planes go, and what makes their trails curves on a map. */
function interpolate(from: Place, to: Place, progress: number): Place {
  const [a, b] = [vectorOf(from), vectorOf(to)];
  const angle = Math.acos(a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0));
  const [fromWeight, toWeight] = [
    Math.sin((1 - progress) * angle) / Math.sin(angle),
    Math.sin(progress * angle) / Math.sin(angle),
  ];
  const [x = 0, y = 0, z = 0] = a.map((value, axis) => fromWeight * value + toWeight * (b[axis] ?? 0));
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
function formatDegrees(value: number, digits: number): string {
  const text = Math.abs(value)
    .toFixed(4)
    .padStart(digits + 5, '0');
  return `${value < 0 ? '-' : '+'}${text}`;
}
