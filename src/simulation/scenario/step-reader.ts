import type { z } from 'zod';
import type { Topology } from '../../protocol/place/topology.js';
import { asClientId, type ServerId } from '../../protocol/place/ids.js';
import { bytesOf } from '../../protocol/text/bytes.js';
import { insteadOf } from '../../runtime/config/did-you-mean.js';
import { wordInstead } from '../../runtime/config/error-map.js';
import type { Problems } from './diagnostics.js';
import { repeatedIn } from './repeated.js';
import type { Action, Edge, ScenarioHerd, Step } from './scenario.js';
import { actions, at, besides, linkedSchema, type ActionWord } from './scenario-schema.js';
import { engine, waysOf } from './links-in.js';

type Path = readonly PropertyKey[];
type Value<Word extends ActionWord> = z.output<(typeof actions)[Word]['value']>;

/** What stands beside an action. */
interface Beside {
  readonly keep: 'disk' | undefined;
  readonly oneway: boolean;
}

const words = Object.keys(actions) as ActionWord[];

/** Reads the steps of one scenario. */
export class StepReader {
  private readonly servers: readonly ServerId[];
  private readonly ways: Topology;

  /** @param placeOf where the value at a path stands: `scenario.yaml:12` */
  constructor(
    herd: ScenarioHerd,
    private readonly problems: Problems,
    private readonly placeOf: (path: Path) => string,
  ) {
    this.servers = [...herd.topology.keys()];
    this.ways = waysOf(herd);
  }

  /** The step, or undefined if it is wrong; what is wrong has been noted. */
  read(written: Record<string, unknown>, index: number): Step | undefined {
    const path = ['steps', index];
    const word = this.actionIn(written, path);
    if (!Object.hasOwn(written, 'at')) this.problems.add(path, 'a step says when it happens, as in `at: 5s`');
    const atMs = Object.hasOwn(written, 'at') ? this.problems.read(at, written['at'], [...path, 'at']) : undefined;
    if (word === undefined) return undefined;
    const beside = this.besideOf(written, word, path);
    const action = this.actionOf(word, written[word], beside, [...path, word]);
    if (atMs === undefined || action === undefined) return undefined;
    const text = [word, ...actions[word].beside.filter((each) => Object.hasOwn(written, each))]
      .map((each) => `${each}: ${plain(written[each])}`)
      .join(', ');
    return { atMs, action, text, place: this.placeOf([...path, word]) };
  }

  private actionIn(written: Record<string, unknown>, path: Path): ActionWord | undefined {
    const found = words.filter((word) => Object.hasOwn(written, word));
    const [word] = found;
    const known = ['at', ...Object.keys(besides), ...words];
    const unknown = Object.keys(written).filter((key) => !known.includes(key));
    for (const key of unknown) {
      this.problems.add([...path, key], `there is no step "${key}"; ${insteadOf(key, known)}`);
    }
    if (found.length > 1) this.problems.add(path, `a step does one thing; this does ${found.join(' and ')}`);
    if (word === undefined && unknown.length === 0) {
      this.problems.add(path, `a step says what happens: ${words.join(', ')}`);
    }
    return found.length === 1 ? word : undefined;
  }

  private besideOf(written: Record<string, unknown>, word: ActionWord, path: Path): Beside {
    const may: readonly string[] = actions[word].beside;
    for (const key of Object.keys(besides)) {
      if (Object.hasOwn(written, key) && !may.includes(key)) {
        this.problems.add([...path, key], `${key} does not belong to ${word}`);
      }
    }
    const read = (key: keyof typeof besides) =>
      Object.hasOwn(written, key) ? this.problems.read(besides[key], written[key], [...path, key]) : undefined;
    return { keep: read('keep') === 'disk' ? 'disk' : undefined, oneway: read('oneway') === true };
  }

  private actionOf(word: ActionWord, written: unknown, beside: Beside, path: Path): Action | undefined {
    if (word === 'expect' && (typeof written !== 'object' || written === null)) return this.expectedWord(written, path);
    if (word === 'expect' && typeof written === 'object' && written !== null && 'linked' in written)
      return this.expectedLinks(written, path);
    const value = this.problems.read(actions[word].value, written, path);
    if (value === undefined) return undefined;
    switch (word) {
      case 'crash': {
        const servers = this.serversOf(value as Value<'crash'>, path);
        return { kind: word, servers, memory: beside.keep === 'disk' ? 'on disk' : 'lost' };
      }
      case 'restart':
      case 'pause':
      case 'resume':
        return { kind: word, servers: this.serversOf(value as Value<'restart'>, path) };
      case 'cut':
      case 'stall':
        return { kind: word, edges: this.edgesOf(value as Value<'cut'>, beside, path) };
      case 'slow': {
        const { edge, delay, bandwidth, loss } = value as Value<'slow'>;
        if (delay === undefined && bandwidth === undefined && loss === undefined) {
          this.problems.add(path, 'slow says how slow: give it a delay, a bandwidth or a loss');
        }
        const conditions = {
          ...(delay === undefined ? {} : { delay }),
          ...(bandwidth === undefined ? {} : { bytesPerSecond: bandwidth }),
          ...(loss === undefined ? {} : { loss }),
        };
        return { kind: word, edges: this.edgesOf(edge, beside, [...path, 'edge']), conditions };
      }
      case 'partition':
        return { kind: word, groups: this.groupsOf(value as Value<'partition'>, path) };
      case 'heal': {
        const what = value as Value<'heal'>;
        return { kind: word, what: typeof what === 'string' ? what : this.edgesOf(what, beside, path) };
      }
      case 'clock': {
        const { server, jump = 0, drift } = value as Value<'clock'>;
        if (jump === 0 && drift === undefined) {
          this.problems.add(path, 'clock says what becomes of it: give it a jump or a drift');
        }
        return { kind: word, server: this.serverOf(server, path), jumpMs: jump, drift };
      }
      case 'phone': {
        const { client, clock } = value as Value<'phone'>;
        return { kind: word, client: asClientId(bytesOf(client)), clockMs: clock };
      }
      case 'upstream':
        return { kind: word, state: value as Value<'upstream'> };
      case 'engine':
        if (!this.ways.has(engine)) {
          this.problems.add(path, 'this herd floods: there is an engine where the herd has `spread: { kind: nats }`');
        }
        return { kind: word, change: value as Value<'engine'> };
      case 'report': {
        const { server, client, position } = value as Value<'report'>;
        return { kind: word, server: this.serverOf(server, path), client: asClientId(bytesOf(client)), position };
      }
      case 'ask': {
        const { server, client, radius, count } = value as Value<'ask'>;
        const from = this.serverOf(server, path);
        return { kind: word, server: from, client: asClientId(bytesOf(client)), radiusKm: radius, count };
      }
      case 'expect':
        return this.expectation(value as Value<'expect'>, path);
    }
  }

  private expectedWord(written: unknown, path: Path): Action | undefined {
    if (written === 'converged') return { kind: 'expect', that: { kind: 'converged' } };
    const text = wordInstead(
      written,
      ['converged'],
      'converged, a server that is linked, or a server, a client and its position',
    );
    this.problems.add(path, `${path.map(String).join('.')}: ${text}`);
    return undefined;
  }

  private expectedLinks(written: object, path: Path): Action | undefined {
    const value = this.problems.read(linkedSchema, written, path);
    if (value === undefined) return undefined;
    return { kind: 'expect', that: { kind: 'linked', server: this.serverOf(value.linked, [...path, 'linked']) } };
  }

  private expectation(value: Value<'expect'>, path: Path): Action {
    const server = this.serverOf(value.server, [...path, 'server']);
    const position = value.position === 'none' ? undefined : value.position;
    return { kind: 'expect', that: { kind: 'position', server, client: asClientId(bytesOf(value.client)), position } };
  }

  private serversOf(written: string | readonly string[], path: Path): ServerId[] {
    if (written === 'all') return [...this.servers];
    const names = typeof written === 'string' ? [written] : written;
    return names.map((name) => this.serverOf(name, path));
  }

  private serverOf(name: string, path: Path): ServerId {
    const id = this.servers.find((server) => server === name);
    if (id !== undefined) return id;
    const instead =
      name === engine && this.ways.has(engine) ? 'steps of its own break it, as in `engine: down`' : undefined;
    this.problems.add(path, `${name} is no server of this herd; ${instead ?? insteadOf(name, this.servers)}`);
    return name as ServerId;
  }

  /** A server, or the engine where there is one. */
  private endOf(name: string, path: Path): ServerId {
    return name === engine && this.ways.has(engine) ? engine : this.serverOf(name, path);
  }

  private groupsOf(written: Value<'partition'>, path: Path): ServerId[][] {
    const groups = written.map((group) => group.map((name) => this.endOf(name, path)));
    for (const name of repeatedIn(groups.flat())) {
      this.problems.add(path, `${name} stands twice in this partition; a server is in one group, or in none`);
    }
    if (this.ways.has(engine) && !groups.flat().includes(engine)) {
      this.problems.add(path, 'servers on NATS have no links to cut; put the engine into one of the groups');
    }
    return groups;
  }

  private edgesOf(written: string | readonly [string, string], { oneway }: Beside, path: Path): Edge[] {
    const [first, second] = typeof written === 'string' ? [written, undefined] : written;
    const from = this.endOf(first, path);
    const neighbours = this.ways.get(from) ?? [];
    if (second !== undefined) {
      const to = this.endOf(second, path);
      if (this.ways.has(to) && this.ways.has(from) && !neighbours.includes(to)) {
        this.problems.add(path, `${from} does not talk with ${to}; it talks with ${neighbours.join(', ')}`);
      }
    }
    const others = second === undefined ? neighbours : [second as ServerId];
    return others.flatMap((to) =>
      oneway
        ? [{ from, to }]
        : [
            { from, to },
            { from: to, to: from },
          ],
    );
  }
}

/** A value as it may stand in a file. */
function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ').replaceAll(':', ': ');
}
