import type { z } from 'zod';
import type { Topology } from '../../protocol/place/topology.js';
import { asClientId, type ServerId } from '../../protocol/place/ids.js';
import { bytesOf } from '../../protocol/text/bytes.js';
import { didYouMean } from '../../runtime/config/did-you-mean.js';
import { suggestOrList } from '../../runtime/config/error-map.js';
import type { Diagnostics } from './diagnostics.js';
import { findDuplicates } from './find-duplicates.js';
import type { Action, Edge, ScenarioHerd, Step } from './scenario.js';
import { actionSchemas, stepTimeSchema, modifierSchemas, linkedSchema, type ActionKeyword } from './scenario-schema.js';
import { broker, brokerNodesIn, linksIn } from './links-in.js';

type ValuePath = readonly PropertyKey[];
type ActionInput<Word extends ActionKeyword> = z.output<(typeof actionSchemas)[Word]['value']>;

/** Modifiers of an action. */
interface StepModifiers {
  readonly keep: 'disk' | undefined;
  readonly oneway: boolean;
}

const keywords = Object.keys(actionSchemas) as ActionKeyword[];

/** Parses the steps of one scenario. */
export class StepReader {
  private readonly servers: readonly ServerId[];
  private readonly links: Topology;
  private readonly brokerNodes: readonly ServerId[];

  /** @param sourceLineOf returns file and line of the value at a path: `scenario.yaml:12` */
  constructor(
    herd: ScenarioHerd,
    private readonly problems: Diagnostics,
    private readonly sourceLineOf: (path: ValuePath) => string,
  ) {
    this.servers = [...herd.topology.keys()];
    this.links = linksIn(herd);
    this.brokerNodes = brokerNodesIn(herd);
  }

  /** Parses a step; undefined, with its problems added, if it is invalid. */
  read(input: Record<string, unknown>, index: number): Step | undefined {
    const path = ['steps', index];
    const keyword = this.findAction(input, path);
    if (!Object.hasOwn(input, 'at')) this.problems.add(path, 'a step needs a time, such as `at: 5s`');
    const atMs = Object.hasOwn(input, 'at')
      ? this.problems.read(stepTimeSchema, input['at'], [...path, 'at'])
      : undefined;
    if (keyword === undefined) return undefined;
    const modifiers = this.readModifiers(input, keyword, path);
    const action = this.readAction(keyword, input[keyword], modifiers, [...path, keyword]);
    if (atMs === undefined || action === undefined) return undefined;
    const text = [keyword, ...actionSchemas[keyword].modifiers.filter((key) => Object.hasOwn(input, key))]
      .map((key) => `${key}: ${formatValue(input[key])}`)
      .join(', ');
    return { atMs, action, text, sourceLine: this.sourceLineOf([...path, keyword]) };
  }

  private findAction(input: Record<string, unknown>, path: ValuePath): ActionKeyword | undefined {
    const found = keywords.filter((keyword) => Object.hasOwn(input, keyword));
    const [keyword] = found;
    const known = ['at', ...Object.keys(modifierSchemas), ...keywords];
    const unknown = Object.keys(input).filter((key) => !known.includes(key));
    for (const key of unknown) {
      this.problems.add([...path, key], `unknown step "${key}"; ${didYouMean(key, known)}`);
    }
    if (found.length > 1) this.problems.add(path, `a step has one action; this one has ${found.join(' and ')}`);
    if (keyword === undefined && unknown.length === 0) {
      this.problems.add(path, `a step needs an action: one of ${keywords.join(', ')}`);
    }
    return found.length === 1 ? keyword : undefined;
  }

  private readModifiers(input: Record<string, unknown>, keyword: ActionKeyword, path: ValuePath): StepModifiers {
    const allowed: readonly string[] = actionSchemas[keyword].modifiers;
    for (const key of Object.keys(modifierSchemas)) {
      if (Object.hasOwn(input, key) && !allowed.includes(key)) {
        this.problems.add([...path, key], `${key} cannot be combined with ${keyword}`);
      }
    }
    const read = (key: keyof typeof modifierSchemas) =>
      Object.hasOwn(input, key) ? this.problems.read(modifierSchemas[key], input[key], [...path, key]) : undefined;
    return { keep: read('keep') === 'disk' ? 'disk' : undefined, oneway: read('oneway') === true };
  }

  private readAction(
    keyword: ActionKeyword,
    input: unknown,
    modifiers: StepModifiers,
    path: ValuePath,
  ): Action | undefined {
    if (keyword === 'expect' && (typeof input !== 'object' || input === null))
      return this.readExpectedKeyword(input, path);
    if (keyword === 'expect' && typeof input === 'object' && input !== null && 'linked' in input)
      return this.readExpectedLinks(input, path);
    const value = this.problems.read(actionSchemas[keyword].value, input, path);
    if (value === undefined) return undefined;
    switch (keyword) {
      case 'crash': {
        const servers = this.readServers(value as ActionInput<'crash'>, path);
        return { kind: keyword, servers, memory: modifiers.keep === 'disk' ? 'on disk' : 'lost' };
      }
      case 'restart':
      case 'pause':
      case 'resume':
      case 'join':
      case 'leave':
        return { kind: keyword, servers: this.readServers(value as ActionInput<'restart'>, path) };
      case 'cut':
      case 'stall':
        return { kind: keyword, edges: this.readEdges(value as ActionInput<'cut'>, modifiers, path) };
      case 'slow': {
        const { edge, delay, bandwidth, loss } = value as ActionInput<'slow'>;
        if (delay === undefined && bandwidth === undefined && loss === undefined) {
          this.problems.add(path, 'slow needs a delay, a bandwidth or a loss');
        }
        const conditions = {
          ...(delay === undefined ? {} : { delay }),
          ...(bandwidth === undefined ? {} : { bytesPerSecond: bandwidth }),
          ...(loss === undefined ? {} : { loss }),
        };
        return { kind: keyword, edges: this.readEdges(edge, modifiers, [...path, 'edge']), conditions };
      }
      case 'partition':
        return { kind: keyword, groups: this.readGroups(value as ActionInput<'partition'>, path) };
      case 'heal': {
        const what = value as ActionInput<'heal'>;
        return { kind: keyword, what: typeof what === 'string' ? what : this.readEdges(what, modifiers, path) };
      }
      case 'clock': {
        const { server, jump = 0, drift } = value as ActionInput<'clock'>;
        if (jump === 0 && drift === undefined) {
          this.problems.add(path, 'clock needs a jump or a drift');
        }
        return { kind: keyword, server: this.readServer(server, path), jumpMs: jump, drift };
      }
      case 'phone': {
        const { client, clock } = value as ActionInput<'phone'>;
        return { kind: keyword, client: asClientId(bytesOf(client)), clockMs: clock };
      }
      case 'upstream':
        return { kind: keyword, state: value as ActionInput<'upstream'> };
      case 'broker':
        return this.readBrokerChange(value as ActionInput<'broker'>, path);
      case 'report': {
        const { server, client, position } = value as ActionInput<'report'>;
        return { kind: keyword, server: this.readServer(server, path), client: asClientId(bytesOf(client)), position };
      }
      case 'query': {
        const { server, client, radius, count } = value as ActionInput<'query'>;
        const from = this.readServer(server, path);
        return { kind: keyword, server: from, client: asClientId(bytesOf(client)), radiusKm: radius, count };
      }
      case 'expect':
        return this.readExpectation(value as ActionInput<'expect'>, path);
    }
  }

  private readExpectedKeyword(input: unknown, path: ValuePath): Action | undefined {
    if (input === 'converged') return { kind: 'expect', expectation: { kind: 'converged' } };
    const text = suggestOrList(
      input,
      ['converged'],
      'converged, { linked: SERVER }, or a server, a client and its position',
    );
    this.problems.add(path, `${path.map(String).join('.')}: ${text}`);
    return undefined;
  }

  private readExpectedLinks(input: object, path: ValuePath): Action | undefined {
    const value = this.problems.read(linkedSchema, input, path);
    if (value === undefined) return undefined;
    return {
      kind: 'expect',
      expectation: { kind: 'linked', server: this.readServer(value.linked, [...path, 'linked']) },
    };
  }

  private readExpectation(value: ActionInput<'expect'>, path: ValuePath): Action {
    const server = this.readServer(value.server, [...path, 'server']);
    const position = value.position === 'none' ? undefined : value.position;
    return {
      kind: 'expect',
      expectation: { kind: 'position', server, client: asClientId(bytesOf(value.client)), position },
    };
  }

  private readServers(input: string | readonly string[], path: ValuePath): ServerId[] {
    if (input === 'all') return [...this.servers];
    const names = typeof input === 'string' ? [input] : input;
    return names.map((name) => this.readServer(name, path));
  }

  private readServer(name: string, path: ValuePath): ServerId {
    const id = this.servers.find((server) => server === name);
    if (id !== undefined) return id;
    const isNode = this.brokerNodes.some((node) => node === name);
    const instead = isNode ? 'use a broker step, such as `broker: down`' : didYouMean(name, this.servers);
    this.problems.add(path, `unknown server ${name}; ${instead}`);
    return name as ServerId;
  }

  /** Parses the name of a server, or of a broker node. */
  private readEndpoint(name: string, path: ValuePath): ServerId {
    const node = this.brokerNodes.find((known) => known === name);
    if (node !== undefined) return node;
    if (name !== broker || this.brokerNodes.length === 0) return this.readServer(name, path);
    this.problems.add(path, `unknown node ${name}; the nodes of the broker are ${this.brokerNodes.join(', ')}`);
    return broker;
  }

  private readBrokerChange(value: ActionInput<'broker'>, path: ValuePath): Action {
    const nodes = this.brokerNodes;
    if (nodes.length === 0) {
      this.problems.add(path, 'this herd has no broker; it needs `replication: { kind: nats }`');
    }
    if (typeof value === 'string') return { kind: 'broker', nodes, state: value };
    const [state, name] = 'down' in value ? (['down', value.down] as const) : (['up', value.up] as const);
    const node = nodes.find((known) => known === name);
    if (node === undefined && nodes.length > 0) {
      this.problems.add(path, `unknown broker node ${name}; ${didYouMean(name, nodes)}`);
    }
    return { kind: 'broker', nodes: node === undefined ? [] : [node], state };
  }

  private readGroups(input: ActionInput<'partition'>, path: ValuePath): ServerId[][] {
    const groups = input.map((group) => group.map((name) => this.readEndpoint(name, path)));
    for (const name of findDuplicates(groups.flat())) {
      this.problems.add(path, `${name} occurs twice in this partition; a server belongs to at most one group`);
    }
    if (this.brokerNodes.length > 0 && !groups.flat().some((name) => this.brokerNodes.includes(name))) {
      this.problems.add(path, 'servers on NATS have no links between them; add the broker to a group');
    }
    return groups;
  }

  private readEdges(input: string | readonly [string, string], { oneway }: StepModifiers, path: ValuePath): Edge[] {
    const [first, second] = typeof input === 'string' ? [input, undefined] : input;
    const from = this.readEndpoint(first, path);
    const neighbours = this.links.get(from) ?? [];
    if (second !== undefined) {
      const to = this.readEndpoint(second, path);
      if (this.links.has(to) && this.links.has(from) && !neighbours.includes(to)) {
        this.problems.add(path, `${from} has no link to ${to}; its neighbours are ${neighbours.join(', ')}`);
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

/** Formats a value as it may be written in a file. */
function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ').replaceAll(':', ': ');
}
