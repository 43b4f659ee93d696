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

/** Who a server is among servers. */
export interface PeerIdentity {
  readonly herd: string;
  readonly server: ServerId;
  readonly neighbours: readonly ServerId[];
}

/** What a server shows of itself over a wire, and what it asks of the far end. */
export interface HandshakeContext {
  readonly identity: PeerIdentity;
  /** Undefined where none is needed: within one process, or on loopback without one. */
  readonly secrets: Secrets | undefined;
}

/** How a server introduces itself over a wire. Within one process no secret is needed. */
export function handshakeContextFor(
  { isInProcess }: { readonly isInProcess: boolean },
  { identity, secrets }: HandshakeContext,
): HandshakeContext {
  return { identity, secrets: isInProcess ? undefined : secrets };
}

/** A line of the handshake. */
export type HandshakeLine = HelloLine | ProofLine | RefusedLine;

/** What a line of the far end leads to: what to say to it, and where the handshake stands then. */
export type HandshakeStep =
  | { readonly outcome: 'pending'; readonly replies: readonly HandshakeLine[] }
  | {
      readonly outcome: 'completed';
      readonly neighbour: ServerId;
      readonly replies: readonly HandshakeLine[];
    }
  | { readonly outcome: 'failed'; readonly reason: string; readonly replies: readonly HandshakeLine[] };

/** The names of both sides and their nonces: what both prove that they know the secret over. */
interface Statement {
  readonly caller: HelloLine;
  readonly called: HelloLine;
}

/** Tells a caller's proof from that of the one called, so that neither can be sent back to who made it. */
type Role = 'caller' | 'called';

function statementOf(role: Role, { caller, called }: Statement): string {
  const { version, herd, from, to } = caller;
  return ['herd peer', role, version, herd, from, to, caller.nonce, called.nonce].join(' ');
}

/** The hello of a server. */
function createHello({ identity, secrets }: HandshakeContext, to: ServerId): HelloLine {
  const { herd, server } = identity;
  return { kind: 'HELLO', version: peerProtocolVersion, herd, from: server, to, nonce: secrets?.nonce() };
}

/** Why a hello is not welcome; undefined if it is. */
function findRejectionReason(hello: HelloLine, { herd, server, neighbours }: PeerIdentity): string | undefined {
  if (hello.version !== peerProtocolVersion) {
    return `${hello.from} speaks version ${hello.version} of the protocol between servers, ${server} version ${peerProtocolVersion}`;
  }
  if (hello.herd !== herd) return `${hello.from} is of herd ${hello.herd}, ${server} of herd ${herd}`;
  if (hello.to !== server) return `${hello.to} was called, this is ${server}`;
  if (!neighbours.includes(hello.from)) return `${hello.from} is no neighbour of ${server}`;
  return undefined;
}

const unexpectedLineReason = 'the line is not one that a handshake has in this place';

function missingSecretReason(lacking: ServerId, requiring: ServerId): string {
  return `${requiring} asks for the secret of the herd and ${lacking} has none: set HERD_SECRET for ${lacking}`;
}

function wrongSecretReason(prover: ServerId, verifier: ServerId): string {
  return `${prover} does not know a secret that ${verifier} holds valid: HERD_SECRET differs`;
}

/**
 * The side that calls: says who it is, hears who answers, proves that it knows the secret, and hears the other prove it. It
 * proves first, because it knows whom it called; the other would be proving to anybody who knocks.
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

  /** What is said first. */
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
    if (answer.from !== this.neighbour) return failed(`${this.neighbour} was called, ${answer.from} answered`);
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

/** The side that is called. What it refuses it tells the caller, so that both logs say why. */
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

/** The reason is told to the caller as well; so it names both sides, and never says here or there. */
function rejected(reason: string): HandshakeStep {
  return { outcome: 'failed', reason, replies: [{ kind: 'REFUSED', reason }] };
}
