import type { ServerId } from '../../protocol/place/ids.js';
import type { ClientWorkload, ScenarioHerd } from '../scenario/scenario.js';
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
  private isEnded = false;
  private readonly phones: readonly Phone[];
  private readonly byName = new Map<string, Phone>();
  /** When the next command is due, in scenario milliseconds; Infinity if none is. */
  nextMs = Infinity;

  constructor(
    private readonly clients: ClientWorkload,
    private readonly herd: Pick<ScenarioHerd, 'topology' | 'replication'>,
    private readonly random: SeededRandom,
    private readonly environment: Environment,
  ) {
    const servers = [...herd.topology.keys()];
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
    this.isEnded = true;
    this.nextMs = Infinity;
  }

  /** Reads an acknowledged report at once: at a neighbour of the server that acknowledged it; on NATS at it or another one. */
  private check({ client, server, command }: Extract<SimulationEvent, { kind: 'response-received' }>): void {
    if (this.isEnded || command?.startsWith('IAMAT ') !== true) return;
    const isOnNats = this.herd.replication.kind === 'nats';
    const servers = isOnNats ? [server, this.checkRandom.pick(this.servers)] : (this.herd.topology.get(server) ?? []);
    if (servers.length === 0 || !this.checkRandom.happens(this.clients.checkProbability)) return;
    const checked = this.checkRandom.pick(servers);
    // Over its own connection a client reads what it wrote, whichever server holds its location.
    const isOwnConnection = isOnNats && checked === server && this.byName.get(client)?.server === server;
    this.environment.sendCommand(isOwnConnection ? client : `checker-of-${client}`, checked, `WHATSAT ${client} 10 5`);
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
