import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { ClientWorkload } from '../scenario/scenario.js';
import type { SeededRandom } from '../time/seeded-random.js';
import type { Environment, SimulationEvent } from '../environment.js';

/** Maximum delay of a late report, in milliseconds. */
const maxDelayMs = 10_000;

/** Maximum distance between two reports of a phone, in degrees. */
const maxStepDegrees = 0.01;

/** A phone of the workload. */
interface Phone {
  readonly name: string;
  /** Its clock error, in milliseconds. */
  clockOffsetMs: number;
  server: ServerId;
  latitude: number;
  longitude: number;
}

/** Phones that move and send commands to any reachable server, at random times with the rate of the scenario. */
export class Workload {
  private readonly servers: readonly ServerId[];
  /** A separate stream for queries that follow from responses, so that they do not change what phones do. */
  private readonly checkRandom: SeededRandom;
  private state: 'going on' | 'ended' = 'going on';
  private readonly phones: readonly Phone[];
  private readonly byName = new Map<string, Phone>();
  /** When the next command is due, in scenario milliseconds; Infinity if none is. */
  nextMs = Infinity;

  constructor(
    private readonly clients: ClientWorkload,
    /** The servers and their neighbours. */
    private readonly topology: Topology,
    private readonly random: SeededRandom,
    private readonly environment: Environment,
  ) {
    const servers = [...topology.keys()];
    this.servers = servers;
    this.checkRandom = random.stream('checks');
    this.phones = Array.from({ length: clients.count }, (_, index) => ({
      name: `phone-${index + 1}`,
      clockOffsetMs: Math.round(random.between(-clients.clockSkewMs, clients.clockSkewMs)),
      server: random.pick(servers),
      latitude: random.between(-60, 60),
      longitude: random.between(-180, 180),
    }));
    for (const phone of this.phones) this.byName.set(phone.name, phone);
    this.schedule(0);
  }

  /** Moves a phone whose connection broke to another server, and checks some responses. */
  observe(event: SimulationEvent): void {
    if (event.kind === 'response-received') return this.check(event);
    if (event.kind !== 'response-lost') return;
    const phone = this.byName.get(event.client);
    if (phone?.server === event.server) phone.server = this.random.pick(this.servers);
  }

  /** Sets a client's clock error. Has no effect on clients that are not phones of the workload. */
  setClock(name: string, clockOffsetMs: number): void {
    const phone = this.byName.get(name);
    if (phone !== undefined) phone.clockOffsetMs = clockOffsetMs;
  }

  /** Sends the command that is due. */
  step(): void {
    const phone = this.random.pick(this.phones);
    if (this.random.happens(this.clients.moveProbability)) phone.server = this.random.pick(this.servers);
    if (this.random.happens(this.clients.queryProbability)) this.query(phone);
    else this.report(phone);
    this.schedule(this.nextMs);
  }

  /** Stops sending. */
  end(): void {
    this.state = 'ended';
    this.nextMs = Infinity;
  }

  /** Reads an acknowledged report at once, at a neighbour of the server that acknowledged it. */
  private check({ client, server, command }: Extract<SimulationEvent, { kind: 'response-received' }>): void {
    if (this.state === 'ended' || command?.startsWith('IAMAT ') !== true) return;
    const neighbours = this.topology.get(server) ?? [];
    if (neighbours.length === 0 || !this.checkRandom.happens(this.clients.checkProbability)) return;
    this.environment.sendCommand(`checker-of-${client}`, this.checkRandom.pick(neighbours), `WHATSAT ${client} 10 5`);
  }

  /** Schedules the next command; intervals are exponential (Poisson process). */
  private schedule(fromMs: number): void {
    const { commandsPerSecond } = this.clients;
    this.nextMs =
      commandsPerSecond === 0 ? Infinity : fromMs - (Math.log(1 - this.random.next()) * 1_000) / commandsPerSecond;
  }

  private query(phone: Phone): void {
    this.environment.sendCommand(phone.name, phone.server, `WHATSAT ${this.random.pick(this.phones).name} 10 5`);
  }

  private report(phone: Phone): void {
    phone.latitude = clamp(phone.latitude + this.random.between(-maxStepDegrees, maxStepDegrees), 85);
    phone.longitude = clamp(phone.longitude + this.random.between(-maxStepDegrees, maxStepDegrees), 179);
    const delayMs = this.random.happens(this.clients.lateProbability) ? this.random.between(0, maxDelayMs) : 0;
    const time = this.environment.formatTimeField(phone.clockOffsetMs - delayMs);
    this.environment.sendCommand(phone.name, phone.server, `IAMAT ${phone.name} ${formatPosition(phone)} ${time}`);
  }
}

function clamp(degrees: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, degrees));
}

function formatPosition({ latitude, longitude }: Phone): string {
  return `${formatSigned(latitude)}${formatSigned(longitude)}`;
}

function formatSigned(degrees: number): string {
  return `${degrees < 0 ? '-' : '+'}${Math.abs(degrees).toFixed(6)}`;
}
