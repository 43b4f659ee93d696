import type { ServerId } from '../place/ids.js';
import { peerProtocolVersion, type HelloLine, type PeerLine, type ProofLine, type RefusedLine } from './peer-line.js';

/** How long the handshake of a connection may take, in milliseconds. */
export const handshakeTimeoutMs = 5_000;

/** The herd's shared secrets, as the handshake uses them: it proves knowledge of a secret without sending it. */
export interface Secrets {
  /** Returns a new nonce: 16 or more characters without white space. */
  nonce(): string;
  /** Returns one proof of a statement for each valid secret: the remote end may know only one of them. */
  prove(statement: string): string[];
  /** Whether one of the proofs of a statement was made with a valid secret. Takes the same time in both cases. */
  verify(statement: string, proofs: readonly string[]): boolean;
}

/** Identity of a server among its peers. */
export interface PeerIdentity {
  readonly herd: string;
  readonly server: ServerId;
  readonly neighbours: readonly ServerId[];
}

/** What a server needs for a handshake. */
export interface HandshakeContext {
  readonly identity: PeerIdentity;
  /** Undefined if no secret is required: within one process, or for a herd on loopback without one. */
  readonly secrets: Secrets | undefined;
}

/** Returns the context for a channel: within one process, no secret is required. */
export function handshakeContextFor(
  { isInProcess }: { readonly isInProcess: boolean },
  { identity, secrets }: HandshakeContext,
): HandshakeContext {
  return { identity, secrets: isInProcess ? undefined : secrets };
}

/** A line that is sent in a handshake. */
export type HandshakeLine = HelloLine | ProofLine | RefusedLine;

/** The result of a received line: the lines to send in response, and the state of the handshake. */
export type HandshakeStep =
  | { readonly outcome: 'pending'; readonly replies: readonly HandshakeLine[] }
  | {
      readonly outcome: 'completed';
      readonly neighbour: ServerId;
      readonly replies: readonly HandshakeLine[];
    }
  | { readonly outcome: 'failed'; readonly reason: string; readonly replies: readonly HandshakeLine[] };

/** The IDs and nonces of both sides, over which both prove that they know the secret. */
interface Statement {
  readonly caller: HelloLine;
  readonly called: HelloLine;
}

/** The role of the prover, so that a proof cannot be sent back to the server that made it. */
type Role = 'caller' | 'called';

function statementOf(role: Role, { caller, called }: Statement): string {
  const { version, herd, from, to } = caller;
  return ['herd peer', role, version, herd, from, to, caller.nonce, called.nonce].join(' ');
}

/** Creates the hello line of a server. */
function createHello({ identity, secrets }: HandshakeContext, to: ServerId): HelloLine {
  const { herd, server } = identity;
  return { kind: 'HELLO', version: peerProtocolVersion, herd, from: server, to, nonce: secrets?.nonce() };
}

/** Returns why a hello is rejected; undefined if it is accepted. */
function findRejectionReason(hello: HelloLine, { herd, server, neighbours }: PeerIdentity): string | undefined {
  if (hello.version !== peerProtocolVersion) {
    return `${hello.from} uses version ${hello.version} of the peer protocol, ${server} version ${peerProtocolVersion}`;
  }
  if (hello.herd !== herd) return `${hello.from} belongs to herd ${hello.herd}, ${server} to herd ${herd}`;
  if (hello.to !== server) return `${hello.to} was dialled, but this is ${server}`;
  if (!neighbours.includes(hello.from)) return `${hello.from} is not a neighbour of ${server}`;
  return undefined;
}

const unexpectedLineReason = 'unexpected line in the handshake';

function missingSecretReason(lacking: ServerId, requiring: ServerId): string {
  return `${requiring} requires the herd secret and ${lacking} has none: set HERD_SECRET for ${lacking}`;
}

function wrongSecretReason(prover: ServerId, verifier: ServerId): string {
  return `${prover} does not have a secret that is valid for ${verifier}: HERD_SECRET differs`;
}

/**
 * Handshake of the side that dials: sends HELLO, receives HELLO, proves that it knows the secret, and verifies the other side's proof.
 * It proves first because it knows which server it dialled; the other side would prove its knowledge to any connection.
 */
export class DialHandshake {
  private readonly identity: PeerIdentity;
  private readonly secrets: Secrets | undefined;
  private readonly hello: HelloLine;
  private answer: HelloLine | undefined;

  constructor(
    introduction: HandshakeContext,
    private readonly neighbour: ServerId,
  ) {
    this.identity = introduction.identity;
    this.secrets = introduction.secrets;
    this.hello = createHello(introduction, neighbour);
  }

  /** Returns the first lines to send. */
  begin(): readonly HandshakeLine[] {
    return [this.hello];
  }

  receive(line: PeerLine): HandshakeStep {
    if (line.kind === 'REFUSED') return failed(`refused: ${line.reason}`);
    if (line.kind === 'HELLO' && this.answer === undefined) return this.receiveHello(line);
    if (line.kind === 'PROOF' && this.answer !== undefined && this.secrets !== undefined) {
      const statement = statementOf('called', { caller: this.hello, called: this.answer });
      if (!this.secrets.verify(statement, line.proofs)) {
        return failed(wrongSecretReason(this.neighbour, this.identity.server));
      }
      return { outcome: 'completed', neighbour: this.neighbour, replies: [] };
    }
    return failed(unexpectedLineReason);
  }

  private receiveHello(answer: HelloLine): HandshakeStep {
    const rejection = findRejectionReason(answer, this.identity);
    if (rejection !== undefined) return failed(rejection);
    if (answer.from !== this.neighbour) return failed(`${this.neighbour} was dialled, but ${answer.from} answered`);
    if (this.secrets === undefined) {
      return answer.nonce === undefined
        ? { outcome: 'completed', neighbour: this.neighbour, replies: [] }
        : failed(missingSecretReason(this.identity.server, this.neighbour));
    }
    if (answer.nonce === undefined) return failed(missingSecretReason(this.neighbour, this.identity.server));
    this.answer = answer;
    const proofs = this.secrets.prove(statementOf('caller', { caller: this.hello, called: answer }));
    return { outcome: 'pending', replies: [{ kind: 'PROOF', proofs }] };
  }
}

/** Handshake of the side that accepts. It sends the reason for a rejection, so that both logs contain it. */
export class AcceptHandshake {
  private hellos: Statement | undefined;

  constructor(private readonly context: HandshakeContext) {}

  receive(line: PeerLine): HandshakeStep {
    const { hellos } = this;
    if (line.kind === 'HELLO' && hellos === undefined) return this.receiveHello(line);
    const { identity, secrets } = this.context;
    if (line.kind === 'PROOF' && hellos !== undefined && secrets !== undefined) {
      const { caller } = hellos;
      if (!secrets.verify(statementOf('caller', hellos), line.proofs)) {
        return rejected(wrongSecretReason(caller.from, identity.server));
      }
      const proofs = secrets.prove(statementOf('called', hellos));
      return { outcome: 'completed', neighbour: caller.from, replies: [{ kind: 'PROOF', proofs }] };
    }
    return rejected(unexpectedLineReason);
  }

  private receiveHello(caller: HelloLine): HandshakeStep {
    const { identity, secrets } = this.context;
    const rejection = findRejectionReason(caller, identity);
    if (rejection !== undefined) return rejected(rejection);
    const called = createHello(this.context, caller.from);
    if (secrets === undefined) {
      if (caller.nonce !== undefined) return rejected(missingSecretReason(identity.server, caller.from));
      return { outcome: 'completed', neighbour: caller.from, replies: [called] };
    }
    if (caller.nonce === undefined) return rejected(missingSecretReason(caller.from, identity.server));
    this.hellos = { caller, called };
    return { outcome: 'pending', replies: [called] };
  }
}

function failed(reason: string): HandshakeStep {
  return { outcome: 'failed', reason, replies: [] };
}

/** The reason is sent to the other side as well, so it names both servers. */
function rejected(reason: string): HandshakeStep {
  return { outcome: 'failed', reason, replies: [{ kind: 'REFUSED', reason }] };
}
