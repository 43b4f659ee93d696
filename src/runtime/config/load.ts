import { readFileSync } from 'node:fs';
import type { Limits, LinkPace } from '../../actors/ports/limits.js';
import type { UpstreamPace } from '../../actors/upstream/upstream-settings.js';
import { ConfigError, whyUnreadable } from '../errors.js';
import { bytesOf } from '../../protocol/text/bytes.js';
import { asClientId, asServerId, type ServerId } from '../../protocol/place/ids.js';
import { topologyOf } from '../../protocol/place/topology.js';
import { tokenProblemsOf } from './auth-schema.js';
import { describeIssue, ObjectSource, type ConfigSource, type Path } from './config-source.js';
import type { AccessRules, HerdConfig } from './herd-config.js';
import { natsSecretProblemsOf, problemsOf, type Problem } from './problems.js';
import { bridgeOf, spreadChoiceOf } from './replication-choice.js';
import { herdSchema, type HerdDocument } from './schema.js';
import { sentenceOf } from './error-map.js';
import { YamlSource } from './yaml-source.js';

/** What a config is read for: to run its servers, or to ask them, over HTTP or in lines. */
export type ConfigUse = 'to run' | 'to ask over HTTP' | 'to ask in lines';

/** What nobody needs to know, by what a config is read for: who only asks has no tokens but the one that it sends. */
const unneeded: Readonly<Record<ConfigUse, readonly Path[]>> = {
  'to run': [],
  'to ask over HTTP': [
    ['access', 'administration'],
    ['access', 'devices'],
  ],
  'to ask in lines': [['access']],
};

/**
 * Reads a herd.yaml and checks all of it that is needed.
 *
 * @param file its path, as it shall stand in messages
 * @param environment what `${NAME}` in values stands for
 * @throws ConfigError with every problem found, each with file and line
 */
export function loadConfig(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  use: ConfigUse = 'to run',
): HerdConfig {
  return parseConfig(file, read(file), environment, use);
}

/** The same, for a text that has been read already. */
export function parseConfig(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  use: ConfigUse = 'to run',
): HerdConfig {
  return configIn(new YamlSource(file, text, environment, { leftOut: unneeded[use], mayLack: ofBuckets }), file);
}

/**
 * Checks a config that a program made.
 * @throws ConfigError with every problem found
 */
export function configOfObject(config: unknown): HerdConfig {
  const name = 'the config';
  return configIn(new ObjectSource(name, config), name);
}

/** Only whoever opens a bucket needs what its settings take from the environment: who asks a server does not have it. */
const ofBuckets = new Set(['spread', 'bridge']);

function configIn(source: ConfigSource, file: string): HerdConfig {
  const { success, data, error } = herdSchema.safeParse(source.value, { error: sentenceOf });
  if (!success) {
    throw new ConfigError([...source.lacking, ...error.issues.flatMap((issue) => describeIssue(source, issue))]);
  }
  const isFromEnvironment = (path: Problem['path']) => source.isFromEnvironment(path);
  const found = [
    ...problemsOf(data),
    ...natsSecretProblemsOf(data, isFromEnvironment),
    ...tokenProblemsOf(data.access, isFromEnvironment),
  ];
  const problems = found.map(({ path, text: problem }) => source.at(path, problem));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...configOf(file, data), lackingForBucket: source.lacking };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${whyUnreadable(error)}`]);
  }
}

function configOf(
  file: string,
  { herd, servers, talks, spread, bridge, upstream, log, tls, store, access, limits, links }: HerdDocument,
): Omit<HerdConfig, 'lackingForBucket'> {
  const entries = Object.entries(servers).map(
    ([name, server]) => [idOf(name), { ...server, peerPort: server.peerPort ?? 0 }] as const,
  );
  const edges = Object.entries(talks).flatMap(([name, others]) =>
    others.map((other) => [idOf(name), idOf(other)] as const),
  );
  return {
    file,
    herd,
    servers: new Map(entries),
    topology: topologyOf(
      entries.map(([id]) => id),
      edges,
    ),
    spread: spreadChoiceOf(spread, herd, links.beatMs),
    bridge: bridge && bridgeOf(bridge, links.beatMs),
    upstream,
    upstreamPace: upstreamPaceOf(upstream),
    log,
    tls,
    storePath: store?.path,
    access: accessOf(access),
    limits: limitsOf(limits),
    pace: paceOf(links),
  };
}

function accessOf({ clients, administration, devices, origins }: HerdDocument['access']): AccessRules {
  const tokens = Object.entries(devices).map(([client, token]) => [asClientId(bytesOf(client)), token] as const);
  return { clients, administration, devices: new Map(tokens), origins: new Set(origins) };
}

/** Limits as actors take them. */
export function limitsOf({ stallSeconds, idleSeconds, aheadSeconds, ...limits }: HerdDocument['limits']): Limits {
  const inMs = { stallMs: stallSeconds * 1_000, idleMs: idleSeconds * 1_000, aheadMs: aheadSeconds * 1_000 };
  return { ...limits, ...inMs };
}

/** The pace of links as actors take it. */
export function paceOf({ beatMs, repairSeconds }: HerdDocument['links']): LinkPace {
  return { beatMs, repairMs: repairSeconds * 1_000 };
}

function upstreamPaceOf(upstream: HerdDocument['upstream']): UpstreamPace {
  const { deadlineMs, requestsMax, queueMax, attemptsMax, cacheSeconds, cacheBytesMax, budget } = upstream;
  const { requestsPerMinute, requestsPerDay, costPerDay, unitCost } = budget;
  return {
    deadlineMs,
    requestsMax,
    queueMax,
    attemptsMax,
    cacheMs: cacheSeconds * 1_000,
    cacheBytesMax,
    budget: { requestsPerMinute, requestsPerDay, costPerDay, unitCost },
  };
}

function idOf(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} passed the schema and is no server's name`);
  return id;
}
