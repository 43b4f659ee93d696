import { initialServers } from '../../../../src/simulation/scenario/initial-servers.js';
import { leafOf, partitionCount, partitionOfLeaf } from '../../../../src/protocol/place/digest.js';
import { asClientId, type ServerId } from '../../../../src/protocol/place/ids.js';
import { Location } from '../../../../src/protocol/place/location.js';
import { bytesOf } from '../../../../src/protocol/text/bytes.js';
import type { PartitionState } from '../../../../src/actors/bus/events.js';
import { viaNats } from '../../../../src/actors/replication/messages.js';
import type { Environment, SimulationEvent } from '../../../../src/simulation/environment.js';
import type { Invariant } from '../../../../src/simulation/invariants/invariant.js';
import { HerdView } from '../../../../src/simulation/run/herd-view.js';
import { linksIn } from '../../../../src/simulation/scenario/links-in.js';
import type { Scenario } from '../../../../src/simulation/scenario/scenario.js';
import { createScenario } from '../../../support/simulate.js';

/** The client of all reports, and its partition. */
export const kiwi = asClientId(bytesOf('kiwi'));
export const kiwiPartition = partitionOfLeaf(leafOf(kiwi));

/** The scenario of a herd of three servers on NATS, without events of its own. */
export function natsScenario(rest = '', replicas = 2): Scenario {
  return createScenario(
    `herd: { servers: [A, B, C], replication: { kind: nats, replicas: ${replicas} }, peers: { heartbeatMs: 250, antiEntropySeconds: 1 } }\n${rest}`,
  );
}

/** Kiwi's location at that second after the start, as a server accepted it. */
export function at(server: string, second: number): Location {
  return Location.ofLine(
    bytesOf(`AT ${server} +0.100000000 kiwi +34.068930-118.445127 ${1_700_000_000 + second}.000000000`),
  );
}

/** A run of an invariant in which a test says what happens. */
export class FakeRun {
  readonly view: HerdView;
  readonly texts: string[] = [];
  nowMs = 0;
  /** What each server stores of kiwi at the end. */
  readonly stored = new Map<string, Location>();
  readonly digests = new Map<string, string>();

  constructor(
    readonly scenario: Scenario,
    private readonly invariant: Invariant,
  ) {
    const environment: Partial<Environment> = {
      observationDelayMs: 0,
      nowMs: () => this.nowMs,
      canReach: (one, other) => [one, other].every((node) => this.view.isUp(node) || node.startsWith('broker')),
      readLocation: (server) => Promise.resolve(this.stored.get(server)),
      readDigest: (server) => Promise.resolve(this.digests.get(server)),
    };
    // The invariants use no more of it.
    this.view = new HerdView(linksIn(scenario.herd), environment as Environment);
    for (const server of initialServers(scenario)) this.start(server);
  }

  emit(event: SimulationEvent): void {
    const violation = this.invariant.onEvent?.(event, this.view);
    if (violation !== undefined) this.texts.push(violation.text);
    this.view.observe(event);
  }

  /** Lets time pass, with the check of each step and each second. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (const { atMs } of [...this.scenario.steps, { atMs: endMs }]) {
      if (atMs <= this.nowMs || atMs > endMs) continue;
      this.nowMs = atMs;
      for (const { text } of this.invariant.checkPeriodically?.(this.view) ?? []) this.texts.push(text);
    }
  }

  async converge(): Promise<string[]> {
    const violations = (await this.invariant.checkConverged?.(this.view, this.nowMs)) ?? [];
    return [...this.texts, ...violations.map(({ text }) => text)];
  }

  start(name: string, restored: readonly Location[] = []): void {
    const server = name as ServerId;
    this.emit({ kind: 'started', server, restored });
    this.emit({ kind: 'nats', server, state: 'live', reason: '' });
  }

  down(name: string): void {
    this.emit({ kind: 'down', server: name as ServerId });
  }

  hold(name: string, state: PartitionState, partition = kiwiPartition): void {
    this.emit({ kind: 'partition', server: name as ServerId, partition, state });
  }

  holdAll(names: readonly string[], state: PartitionState = 'complete'): void {
    for (const name of names)
      for (let partition = 0; partition < partitionCount; partition += 1) this.hold(name, state, partition);
  }

  /** A client's report is accepted, and acknowledged. */
  report(location: Location, client = 'kiwi'): void {
    const { server } = location;
    const command = bytesOf(`IAMAT ${location.line.slice(location.clientOffset)}`);
    this.emit({ kind: 'command-sent', client, server, line: command });
    this.emit({ kind: 'learned', server, location, from: undefined });
    this.emit({ kind: 'response-received', client, server, command, lines: [location.line] });
  }

  learn(name: string, location: Location): void {
    this.emit({ kind: 'learned', server: name as ServerId, location, from: viaNats });
  }

  /** A WHATSAT is answered with that location, or as unknown. */
  query(name: string, answer: Location | undefined, client = 'asker'): void {
    this.ask(name, client);
    this.answer(name, answer, client);
  }

  ask(name: string, client = 'asker'): void {
    this.emit({ kind: 'command-sent', client, server: name as ServerId, line: whatsat });
  }

  answer(name: string, answer: Location | undefined, client = 'asker'): void {
    const lines = answer === undefined ? [bytesOf(`? ${whatsat}`)] : [answer.line, bytesOf('{}')];
    this.emit({ kind: 'response-received', client, server: name as ServerId, command: whatsat, lines });
  }
}

const whatsat = bytesOf('WHATSAT kiwi 10 5');
