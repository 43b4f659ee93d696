import { hostAndPort } from '../listening.js';
import type { HerdDocument } from './schema.js';

/** Something that the schema cannot see, and where it stands in the document. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** What is wrong with a document that has the right shape: links to nobody, ports used twice. */
export function problemsOf(document: HerdDocument): Problem[] {
  return [...linkProblems(document), ...portProblems(document)];
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
