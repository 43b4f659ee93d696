import { hostAndPort } from '../sockets/listening.js';
import { standsInFile } from './environment-only.js';
import type { HerdDocument } from './schema.js';
import type { NatsDocument } from './replication-schema.js';

/** Something that the schema cannot see, and where it stands in the document. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** What is wrong with a document that has the right shape: links to nobody, ports used twice. */
export function problemsOf(document: HerdDocument): Problem[] {
  return [
    ...linkProblems(document),
    ...portProblems(document),
    ...spreadProblems(document),
    ...bridgeProblems(document),
  ];
}

function* linkProblems({ servers, talks }: HerdDocument): Generator<Problem> {
  const known = Object.keys(servers).join(', ');
  for (const [name, others] of Object.entries(talks)) {
    if (!Object.hasOwn(servers, name)) {
      yield { path: ['talks', name], text: `${name} talks, but is no server of this herd; its servers are ${known}` };
    }
    for (const [index, other] of others.entries()) {
      const path = ['talks', name, index];
      if (other === name) yield { path, text: `${name} cannot talk with itself` };
      else if (!Object.hasOwn(servers, other)) {
        yield { path, text: `${name} talks with ${other}, which is no server of this herd; its servers are ${known}` };
      }
    }
  }
}

function* spreadProblems({ spread, servers, talks }: HerdDocument): Generator<Problem> {
  if (spread.kind === 'flood') {
    for (const [name, { peerPort }] of Object.entries(servers)) {
      const text = `servers.${name}.peerPort: must be there: the others call at it`;
      if (peerPort === undefined) yield { path: ['servers', name], text };
    }
    return;
  }
  const [talker] = Object.keys(talks);
  if (talker !== undefined) yield { path: ['talks'], text: 'servers on NATS have no links; leave talks out' };
  yield* natsProblems('spread', spread);
}

function* bridgeProblems({ bridge, spread, servers }: HerdDocument): Generator<Problem> {
  if (bridge === undefined) return;
  if (spread.kind === 'nats') {
    const text = 'servers on NATS have a bucket already, and whoever names it shares it; leave bridge out';
    yield { path: ['bridge'], text };
  }
  for (const [index, name] of bridge.by.entries()) {
    if (Object.hasOwn(servers, name)) continue;
    const known = Object.keys(servers).join(', ');
    const text = `bridge.by names ${name}, which is no server of this herd; its servers are ${known}`;
    yield { path: ['bridge', 'by', index], text };
  }
  yield* natsProblems('bridge', bridge);
}

/** @param at where it stands in the document */
function* natsProblems(
  at: 'spread' | 'bridge',
  { user, password, credentials, token, tls }: Omit<NatsDocument, 'kind' | 'hold' | 'bucket'>,
): Generator<Problem> {
  if ((user === undefined) !== (password === undefined)) {
    yield { path: [at], text: `${at}.user and ${at}.password go together` };
  }
  if ([user, credentials, token].filter((each) => each !== undefined).length > 1) {
    yield { path: [at], text: `${at} has several of credentials, user and token; one of them must do` };
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    yield { path: [at, 'tls'], text: `${at}.tls.cert and ${at}.tls.key go together` };
  }
}

/**
 * Secrets for NATS that stand in the file.
 * @param isFromEnvironment whether a value is nothing but a variable of the environment
 */
export function* natsSecretProblemsOf(
  { spread, bridge }: HerdDocument,
  isFromEnvironment: (path: Problem['path']) => boolean,
): Generator<Problem> {
  for (const [at, nats] of [
    ['spread', spread.kind === 'nats' ? spread : undefined],
    ['bridge', bridge],
  ] as const) {
    for (const [name, variable] of [
      ['password', 'NATS_PASSWORD'],
      ['token', 'NATS_TOKEN'],
    ] as const) {
      const path = [at, name];
      if (nats?.[name] !== undefined && !isFromEnvironment(path)) yield standsInFile(path, variable);
    }
  }
}

function* portProblems({ servers }: HerdDocument): Generator<Problem> {
  const users = new Map<string, string>();
  for (const [name, server] of Object.entries(servers)) {
    for (const key of ['port', 'peerPort', 'httpPort'] as const) {
      const number = server[key];
      if (number === undefined || number === 0) continue;
      const place = hostAndPort(server.host, number);
      const user = users.get(place);
      const text = `${key} of ${name} is ${place}, which is ${user ?? ''} already`;
      if (user !== undefined) yield { path: ['servers', name, key], text };
      users.set(place, `${key} of ${name}`);
    }
  }
}
