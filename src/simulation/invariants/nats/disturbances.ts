import type { ServerId } from '../../../protocol/place/ids.js';
import type { FaultAction, Scenario, Step } from '../../scenario/scenario.js';
import type { SimulationEvent } from '../../environment.js';

/** Kinds of events that `Disturbances` processes. */
export const disturbanceKinds = ['nats', 'started', 'down', 'left', 'paused', 'resumed'] as const;

/**
 * When a herd on NATS was disturbed last. A fault is anything that may delay or lose messages or memory: of the network, the
 * broker, a clock or a server. Members that join, restart or leave are changes, but no faults.
 */
export class Disturbances {
  private readonly steps: readonly Step[];
  private nextStep = 0;
  private faultMs = 0;
  private changeMs = 0;
  /** Servers that are leaving. */
  private readonly leaving = new Set<ServerId>();
  /** Faults that are not repaired, by name, and since when. */
  private readonly active = new Map<string, number>();

  /** @param scenario whose steps are executed at their times */
  constructor({ steps }: Pick<Scenario, 'steps'>) {
    this.steps = steps;
  }

  /** Processes an event of the kinds `disturbanceKinds`. */
  onEvent(event: SimulationEvent, nowMs: number): void {
    this.advanceTo(nowMs);
    switch (event.kind) {
      case 'nats':
        return this.recordConnection(event, nowMs);
      case 'down':
        if (this.leaving.delete(event.server)) this.changeMs = nowMs;
        else this.faultMs = Math.max(this.faultMs, nowMs);
        this.active.delete(`connection of ${event.server}`);
        return;
      case 'paused':
      case 'resumed':
        this.faultMs = Math.max(this.faultMs, nowMs);
        return;
      case 'started':
      case 'left':
        this.changeMs = nowMs;
        return;
      default:
        return;
    }
  }

  /**
   * When the last fault occurred or had no effect any more, in scenario milliseconds; Infinity while one is active. Its effect lasts as
   * long again as the fault: so long may TCP wait until it retransmits.
   */
  lastFaultMs(nowMs: number): number {
    this.advanceTo(nowMs);
    return this.active.size > 0 ? Infinity : this.faultMs;
  }

  /** When the last fault or change occurred, in scenario milliseconds; Infinity while a fault is active. */
  lastChangeMs(nowMs: number): number {
    return Math.max(this.lastFaultMs(nowMs), this.changeMs);
  }

  /** A server without a connection is an active fault, except that it opens one when it starts. */
  private recordConnection({ server, state }: Extract<SimulationEvent, { kind: 'nats' }>, nowMs: number): void {
    const name = `connection of ${server}`;
    if (state === 'backoff') this.begin(name, nowMs);
    else if (state !== 'connecting') this.end(name, nowMs);
  }

  private advanceTo(nowMs: number): void {
    for (;;) {
      const step = this.steps[this.nextStep];
      if (step === undefined || step.atMs > nowMs) return;
      this.nextStep += 1;
      this.execute(step);
    }
  }

  private execute({ action, atMs }: Step): void {
    switch (action.kind) {
      case 'report':
      case 'query':
      case 'phone':
      case 'expect':
      case 'upstream':
        return;
      case 'leave':
        for (const server of action.servers) this.leaving.add(server);
        this.changeMs = Math.max(this.changeMs, atMs);
        return;
      case 'restart':
      case 'join':
        this.changeMs = Math.max(this.changeMs, atMs);
        return;
      default:
        this.faultMs = Math.max(this.faultMs, atMs);
        this.trackActive(action, atMs);
    }
  }

  private trackActive(action: FaultAction, atMs: number): void {
    switch (action.kind) {
      case 'cut':
      case 'stall':
      case 'slow':
        for (const { from, to } of action.edges) this.begin(`${from}>${to}`, atMs);
        return;
      case 'partition':
        return this.begin('partition', atMs);
      case 'heal':
        return this.heal(action.what, atMs);
      case 'clock':
        if (action.drift === undefined) return;
        return this.setActive(`drift of ${action.server}`, action.drift !== 0, atMs);
      case 'broker':
        for (const node of action.nodes) this.setActive(`broker ${node}`, action.state === 'down', atMs);
        return;
      default:
        return;
    }
  }

  private heal(what: Extract<FaultAction, { kind: 'heal' }>['what'], atMs: number): void {
    if (what === 'partition') this.end('partition', atMs);
    else if (what !== 'all') for (const { from, to } of what) this.end(`${from}>${to}`, atMs);
    else
      for (const name of [...this.active.keys()]) if (name === 'partition' || name.includes('>')) this.end(name, atMs);
  }

  private setActive(name: string, isActive: boolean, atMs: number): void {
    if (isActive) this.begin(name, atMs);
    else this.end(name, atMs);
  }

  private begin(name: string, atMs: number): void {
    if (!this.active.has(name)) this.active.set(name, atMs);
  }

  private end(name: string, atMs: number): void {
    const sinceMs = this.active.get(name);
    if (sinceMs === undefined) return;
    this.active.delete(name);
    this.faultMs = Math.max(this.faultMs, atMs + (atMs - sinceMs));
  }
}
