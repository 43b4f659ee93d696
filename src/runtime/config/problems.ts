import { formatHostPort } from '../sockets/listener.js';
import { literalSecretProblem, type Problem } from './problem.js';
import { otherServers, type HerdDocument } from './schema.js';
import type { NatsConnectionDocument } from './replication-config.js';

/** Finds problems of a document that matches the schema: unknown servers in `topology`, ports used twice. */
export function findProblems(document: HerdDocument): Problem[] {
  return [
    ...topologyProblems(document),
    ...portProblems(document),
    ...replicationProblems(document),
    ...bridgeProblems(document),
  ];
}

function* topologyProblems({ servers, topology }: HerdDocument): Generator<Problem> {
  const known = listedNames(servers).join(', ');
  for (const [name, neighbours] of Object.entries(topology)) {
    if (!Object.hasOwn(servers, name)) {
      yield { path: ['topology', name], text: `topology.${name}: unknown server ${name} (known: ${known})` };
    }
    for (const [index, neighbour] of neighbours.entries()) {
      const path = ['topology', name, index];
      if (neighbour === name) yield { path, text: `topology.${name}: a server cannot be its own neighbour` };
      else if (!Object.hasOwn(servers, neighbour)) {
        yield { path, text: `topology.${name}: unknown server ${neighbour} (known: ${known})` };
      }
    }
  }
}

function* replicationProblems({ replication, servers, topology }: HerdDocument): Generator<Problem> {
  if (replication.kind === 'flood') {
    if (Object.hasOwn(servers, otherServers)) {
      const text = `servers.${otherServers}: requires replication.kind: nats`;
      yield { path: ['servers', otherServers], text };
    }
    for (const name of listedNames(servers)) {
      const text = `servers.${name}.peerPort: is required with replication.kind: flood`;
      if (servers[name]?.peerPort === undefined) yield { path: ['servers', name], text };
    }
    return;
  }
  const [firstServer] = Object.keys(topology);
  if (firstServer !== undefined)
    yield { path: ['topology'], text: 'topology: must be omitted with replication.kind: nats' };
  yield* natsProblems('replication', replication);
}

function* bridgeProblems({ bridge, replication, servers }: HerdDocument): Generator<Problem> {
  if (bridge === undefined) return;
  if (replication.kind === 'nats') {
    const text =
      'bridge: must be omitted with replication.kind: nats; servers of all herds with the same name share their locations';
    yield { path: ['bridge'], text };
  }
  for (const [index, name] of bridge.via.entries()) {
    if (Object.hasOwn(servers, name)) continue;
    const known = listedNames(servers).join(', ');
    const text = `bridge.via: unknown server ${name} (known: ${known})`;
    yield { path: ['bridge', 'via', index], text };
  }
  yield* natsProblems('bridge', bridge);
}

/** @param section key under which the settings are */
function* natsProblems(
  section: 'replication' | 'bridge',
  { user, password, credentials, token, tls }: NatsConnectionDocument,
): Generator<Problem> {
  if ((user === undefined) !== (password === undefined)) {
    yield { path: [section], text: `${section}: user and password must be set together` };
  }
  if ([user, credentials, token].filter((value) => value !== undefined).length > 1) {
    yield { path: [section], text: `${section}: only one of credentials, user and token may be set` };
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    yield { path: [section, 'tls'], text: `${section}.tls: cert and key must be set together` };
  }
}

/**
 * Finds secrets for NATS that are written literally in the file.
 * @param isFromEnvironment whether the value at a path is nothing but an environment variable
 */
export function* findNatsSecretProblems(
  { replication, bridge }: HerdDocument,
  isFromEnvironment: (path: Problem['path']) => boolean,
): Generator<Problem> {
  for (const [section, nats] of [
    ['replication', replication.kind === 'nats' ? replication : undefined],
    ['bridge', bridge],
  ] as const) {
    for (const [name, variable] of [
      ['password', 'NATS_PASSWORD'],
      ['token', 'NATS_TOKEN'],
    ] as const) {
      const path = [section, name];
      if (nats?.[name] !== undefined && !isFromEnvironment(path)) yield literalSecretProblem(path, variable);
    }
  }
}

function* portProblems({ servers }: HerdDocument): Generator<Problem> {
  const listed = new Map<string, string>();
  for (const [name, server] of Object.entries(servers)) {
    // The others run on machines of their own.
    const owners = name === otherServers ? new Map<string, string>() : listed;
    for (const key of ['port', 'peerPort', 'httpPort'] as const) {
      const number = server[key];
      if (number === undefined || number === 0) continue;
      const address = formatHostPort(server.host, number);
      const owner = owners.get(address);
      const text = `servers.${name}.${key}: ${address} is already used by ${owner ?? ''}`;
      if (owner !== undefined) yield { path: ['servers', name, key], text };
      owners.set(address, `servers.${name}.${key}`);
    }
  }
}

function listedNames(servers: HerdDocument['servers']): string[] {
  return Object.keys(servers).filter((name) => name !== otherServers);
}
