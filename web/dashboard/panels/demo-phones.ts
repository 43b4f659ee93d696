import { SocketSession } from '../data/socket-session.js';
import { byId, setText } from '../dom.js';
import type { Position } from '../data/circle.js';
import type { Herd } from '../data/herd.js';
import { posixNow } from '../data/at-line.js';

/** Number of simulated phones, and the interval of their reports in milliseconds. */
const phoneCount = 30;
const reportIntervalMs = 500;

/** Range of the duration of a journey in seconds. */
const [minJourneySeconds, maxJourneySeconds] = [15, 45];

/** Ends of journeys: Los Angeles, New York, Mexico City, São Paulo, Lima, London, Cairo, Lagos, Cape Town, Moscow, ... */
const cities: readonly Position[] = [
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
  from: Position;
  to: Position;
  startedMs: number;
  durationMs: number;
}

/** Simulated phones that travel between cities and report to all servers with IAMAT over WebSocket. */
export class DemoPhones {
  private readonly button = byId('simulate-phones', HTMLButtonElement);
  private sessions: SocketSession[] = [];
  private demoPhones: DemoPhone[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly herd: Herd) {
    this.button.addEventListener('click', () => (this.timer === undefined ? this.start() : this.stop()));
  }

  /** Disables the button while no server is connected. */
  paint(): void {
    this.button.disabled = this.timer === undefined && this.herd.serverList.every(({ reach }) => reach !== 'connected');
  }

  private start(): void {
    this.sessions = this.herd.serverList
      .filter(({ url }) => url !== '')
      .map(({ url }) => new SocketSession(url, () => undefined));
    this.demoPhones = Array.from({ length: phoneCount }, (_, index) => {
      const journey = createJourney(randomCity());
      // Each starts at a random point of its journey.
      return {
        name: `phone-${index + 1}`,
        ...journey,
        startedMs: journey.startedMs - Math.random() * journey.durationMs,
      };
    });
    this.timer = setInterval(() => this.report(), reportIntervalMs);
    this.report();
    this.show(`Stop ${phoneCount} phones`, 'true');
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const session of this.sessions) session.close();
    this.show(`Simulate ${phoneCount} phones`, 'false');
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

function createJourney(from: Position): Pick<DemoPhone, 'from' | 'to' | 'startedMs' | 'durationMs'> {
  let to = randomCity();
  while (to === from) to = randomCity();
  const seconds = minJourneySeconds + Math.random() * (maxJourneySeconds - minJourneySeconds);
  return { from, to, startedMs: performance.now(), durationMs: seconds * 1_000 };
}

function randomCity(): Position {
  return cities[Math.floor(Math.random() * cities.length)] ?? [0, 0];
}

/** Position on the great circle between two positions; `progress` is from 0 to 1. */
function interpolate(from: Position, to: Position, progress: number): Position {
  const [a, b] = [vectorOf(from), vectorOf(to)];
  const angle = Math.acos(a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0));
  const [fromWeight, toWeight] = [
    Math.sin((1 - progress) * angle) / Math.sin(angle),
    Math.sin(progress * angle) / Math.sin(angle),
  ];
  const [x = 0, y = 0, z = 0] = a.map((value, axis) => fromWeight * value + toWeight * (b[axis] ?? 0));
  return [toDegrees(Math.asin(z)), toDegrees(Math.atan2(y, x))];
}

function vectorOf([latitude, longitude]: Position): readonly number[] {
  const [north, east] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(north) * Math.cos(east), Math.cos(north) * Math.sin(east), Math.sin(north)];
}

function toDegrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

/** Formats an angle for ISO 6709: `+34.0689`, `-118.4451`. */
function formatDegrees(value: number, digits: number): string {
  const text = Math.abs(value)
    .toFixed(4)
    .padStart(digits + 5, '0');
  return `${value < 0 ? '-' : '+'}${text}`;
}
