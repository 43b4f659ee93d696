import { readFileSync } from 'node:fs';
import { toInternal } from '../../actors/ports/limits.js';
import type { UpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import { ConfigError, describeReadError } from '../errors.js';
import { bytesOf } from '../../protocol/text/bytes.js';
import { asClientId, asServerId, type ServerId } from '../../protocol/place/ids.js';
import { buildTopology } from '../../protocol/place/topology.js';
import { findTokenProblems } from './auth-schema.js';
import { ObjectSource, type ConfigSource } from './config-source.js';
import { describeIssue, type ValuePath } from './describe-issue.js';
import type { AuthConfig, HerdConfig, ServerEndpoints } from './herd-config.js';
import type { Problem } from './problem.js';
import { findNatsSecretProblems, findProblems } from './problems.js';
import { toBridgeConfig, toReplicationConfig } from './replication-config.js';
import { herdSchema, otherServers, type HerdDocument } from './schema.js';
import { herdErrorMap } from './error-map.js';
import { YamlSource } from './yaml-source.js';

/** Purpose of reading a configuration: to run its servers, or to query them over HTTP or the line protocol. */
export type ConfigUse = 'serve' | 'http-client' | 'line-client';

/** Settings that are not needed for a purpose, so their environment variables may be unset: a client has only its own token. */
const ignoredPaths: Readonly<Record<ConfigUse, readonly ValuePath[]>> = {
  serve: [],
  'http-client': [
    ['auth', 'adminToken'],
    ['auth', 'deviceTokens'],
  ],
  'line-client': [['auth'], ['cors']],
};

/**
 * Reads and validates a herd.yaml, as far as its purpose needs it.
 *
 * @param file path, as shown in messages
 * @param environment values of `${NAME}` placeholders
 * @throws ConfigError with every problem found, each with file and line
 */
export function loadConfig(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  use: ConfigUse = 'serve',
): HerdConfig {
  return parseConfig(file, readConfigFile(file), environment, use);
}

/** Parses and validates the text of a herd.yaml. */
export function parseConfig(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  use: ConfigUse = 'serve',
): HerdConfig {
  return buildConfig(
    new YamlSource(file, text, environment, { ignored: ignoredPaths[use], optional: natsSections }),
    file,
  );
}

/**
 * Validates a configuration passed by a program.
 * @throws ConfigError with every problem found
 */
export function configFromObject(config: unknown): HerdConfig {
  const name = 'config';
  return buildConfig(new ObjectSource(name, config), name);
}

/** Settings whose environment variables may be unset: only a server that connects to NATS needs them. */
const natsSections = new Set(['replication', 'bridge']);

function buildConfig(source: ConfigSource, file: string): HerdConfig {
  const { success, data, error } = herdSchema.safeParse(source.value, { error: herdErrorMap });
  if (!success) {
    const issues = error.issues.flatMap((issue) => describeIssue(herdSchema, issue));
    throw new ConfigError([...source.missing, ...issues.map(({ path, text }) => source.describeAt(path, text))]);
  }
  const isFromEnvironment = (path: Problem['path']) => source.isFromEnvironment(path);
  const problemsFound = [
    ...findProblems(data),
    ...findNatsSecretProblems(data, isFromEnvironment),
    ...findTokenProblems(data.auth, isFromEnvironment),
  ];
  const problems = problemsFound.map(({ path, text: problem }) => source.describeAt(path, problem));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...toHerdConfig(file, data), missingNatsVariables: source.missing };
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${describeReadError(error)}`]);
  }
}

function toHerdConfig(
  file: string,
  { herd, servers, topology, replication, bridge, upstream, log, tls, store, auth, cors, limits, peers }: HerdDocument,
): Omit<HerdConfig, 'missingNatsVariables'> {
  const { [otherServers]: others, ...listed } = servers;
  const entries = Object.entries(listed).map(([name, server]) => [toServerId(name), toEndpoints(server)] as const);
  const edges = Object.entries(topology).flatMap(([name, neighbours]) =>
    neighbours.map((neighbour) => [toServerId(name), toServerId(neighbour)] as const),
  );
  return {
    file,
    herd,
    servers: new Map(entries),
    otherServers: others && toEndpoints(others),
    topology: buildTopology(
      entries.map(([id]) => id),
      edges,
    ),
    replication: toReplicationConfig(replication, herd, peers.heartbeatMs),
    bridge: bridge && toBridgeConfig(bridge, peers.heartbeatMs),
    upstream,
    upstreamSettings: toUpstreamSettings(upstream),
    log,
    tls,
    storePath: store?.path,
    auth: toAuthConfig(auth, cors),
    limits: toInternal(limits),
    linkTimings: toInternal(peers),
  };
}

function toEndpoints(server: HerdDocument['servers'][string]): ServerEndpoints {
  return { ...server, peerPort: server.peerPort ?? 0 };
}

function toAuthConfig(
  { clientToken, adminToken, deviceTokens }: HerdDocument['auth'],
  { allowedOrigins }: HerdDocument['cors'],
): AuthConfig {
  const tokens = Object.entries(deviceTokens).map(([client, token]) => [asClientId(bytesOf(client)), token] as const);
  return { clientToken, adminToken, deviceTokens: new Map(tokens), allowedOrigins: new Set(allowedOrigins) };
}

function toUpstreamSettings(upstream: HerdDocument['upstream']): UpstreamSettings {
  const { deadlineMs, maxConcurrentRequests, maxQueued, maxAttempts, cacheTtlSeconds, maxCacheBytes, budget } =
    upstream;
  const { requestsPerMinute, requestsPerDay, costPerDay, costPerUnit } = budget;
  return {
    deadlineMs,
    maxConcurrentRequests,
    maxQueued,
    maxAttempts,
    cacheTtlMs: cacheTtlSeconds * 1_000,
    maxCacheBytes,
    budget: { requestsPerMinute, requestsPerDay, costPerDay, costPerUnit },
  };
}

function toServerId(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`the schema accepted ${name}, which is not a server name`);
  return id;
}
