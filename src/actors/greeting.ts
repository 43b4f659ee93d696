import type { ServerId } from '../protocol/ids.js';
import { peerProtocolVersion, type Hello } from '../protocol/peer-line.js';

/** Who a server is among servers. */
export interface PeerIdentity {
  readonly herd: string;
  readonly server: ServerId;
  readonly neighbours: readonly ServerId[];
}

/** Why a hello is not welcome; undefined if it is. */
export function refusalOf(hello: Hello, { herd, server, neighbours }: PeerIdentity): string | undefined {
  if (hello.version !== peerProtocolVersion) {
    return `version ${hello.version} is spoken there, version ${peerProtocolVersion} here`;
  }
  if (hello.herd !== herd) return `herd ${hello.herd} there, herd ${herd} here`;
  if (hello.to !== server) return `${hello.to} was called, this is ${server}`;
  if (!neighbours.includes(hello.from)) return `${hello.from} is no neighbour of ${server}`;
  return undefined;
}

/** What this server says first. */
export function helloTo(neighbour: ServerId, { herd, server }: PeerIdentity): Omit<Hello, 'kind'> {
  return { version: peerProtocolVersion, herd, from: server, to: neighbour };
}
