import type { ServerId } from '../../protocol/place/ids.js';
import { peerVersion, type Hello, type PeerLine, type Proof, type Refused } from '../../protocol/peer/peer-line.js';
import type { Secrets } from '../ports/secrets.js';
import type { PeerWire } from '../ports/transport.js';

/** Who a server is among servers. */
export interface PeerIdentity {
  readonly herd: string;
  readonly server: ServerId;
  readonly neighbours: readonly ServerId[];
}

/** What a server shows of itself over a wire, and what it asks of the far end. */
export interface Introduction {
  readonly identity: PeerIdentity;
  /** Undefined where none is needed: within one process, or on loopback without one. */
  readonly secrets: Secrets | undefined;
}

/** How a server introduces itself over a wire. Within one process no secret is needed. */
export function introductionOver({ trusted }: PeerWire, { identity, secrets }: Introduction): Introduction {
  return { identity, secrets: trusted ? undefined : secrets };
}

/** A line of the handshake. */
export type HandshakeLine = Hello | Proof | Refused;

/** What a line of the far end leads to: what to say to it, and where the handshake stands then. */
export type HandshakeStep =
  | { readonly outcome: 'going on'; readonly say: readonly HandshakeLine[] }
  | {
      readonly outcome: 'greeted';
      readonly neighbour: ServerId;
      readonly say: readonly HandshakeLine[];
    }
  | { readonly outcome: 'failed'; readonly reason: string; readonly say: readonly HandshakeLine[] };

/** The names of both sides and their nonces: what both prove that they know the secret over. */
interface Statement {
  readonly caller: Hello;
  readonly called: Hello;
}

/** Tells a caller's proof from that of the one called, so that neither can be sent back to who made it. */
type Role = 'caller' | 'called';

function statementOf(role: Role, { caller, called }: Statement): string {
  const { version, herd, from, to } = caller;
  return ['herd peer', role, version, herd, from, to, caller.nonce, called.nonce].join(' ');
}

/** The hello of a server. */
function helloOf({ identity, secrets }: Introduction, to: ServerId): Hello {
  const { herd, server } = identity;
  return { kind: 'HELLO', version: peerVersion, herd, from: server, to, nonce: secrets?.nonce() };
}

/** Why a hello is not welcome; undefined if it is. */
function refusalOf(hello: Hello, { herd, server, neighbours }: PeerIdentity): string | undefined {
  if (hello.version !== peerVersion) {
    return `${hello.from} speaks version ${hello.version} of the protocol between servers, ${server} version ${peerVersion}`;
  }
  if (hello.herd !== herd) return `${hello.from} is of herd ${hello.herd}, ${server} of herd ${herd}`;
  if (hello.to !== server) return `${hello.to} was called, this is ${server}`;
  if (!neighbours.includes(hello.from)) return `${hello.from} is no neighbour of ${server}`;
  return undefined;
}

const notInTurn = 'the line is not one that a handshake has in this place';

function secretMissing(at: ServerId, askedBy: ServerId): string {
  return `${askedBy} asks for the secret of the herd and ${at} has none: set HERD_SECRET for ${at}`;
}

function secretWrong(of: ServerId, heardBy: ServerId): string {
  return `${of} does not know a secret that ${heardBy} holds valid: HERD_SECRET differs`;
}

/**
 * The side that calls: says who it is, hears who answers, proves that it knows the secret, and hears the other prove it. It
 * proves first, because it knows whom it called; the other would be proving to anybody who knocks.
 */
export class CallerHandshake {
  private readonly identity: PeerIdentity;
  private readonly secrets: Secrets | undefined;
  private readonly hello: Hello;
  private answer: Hello | undefined;

  constructor(
    introduction: Introduction,
    private readonly neighbour: ServerId,
  ) {
    this.identity = introduction.identity;
    this.secrets = introduction.secrets;
    this.hello = helloOf(introduction, neighbour);
  }

  /** What is said first. */
  begin(): readonly HandshakeLine[] {
    return [this.hello];
  }

  hear(line: PeerLine): HandshakeStep {
    if (line.kind === 'REFUSED') return failed(`refused: ${line.reason}`);
    if (line.kind === 'HELLO' && this.answer === undefined) return this.hearHello(line);
    if (line.kind === 'PROOF' && this.answer !== undefined && this.secrets !== undefined) {
      const statement = statementOf('called', { caller: this.hello, called: this.answer });
      if (!this.secrets.accepts(statement, line.proofs)) {
        return failed(secretWrong(this.neighbour, this.identity.server));
      }
      return { outcome: 'greeted', neighbour: this.neighbour, say: [] };
    }
    return failed(notInTurn);
  }

  private hearHello(answer: Hello): HandshakeStep {
    const refusal = refusalOf(answer, this.identity);
    if (refusal !== undefined) return failed(refusal);
    if (answer.from !== this.neighbour) return failed(`${this.neighbour} was called, ${answer.from} answered`);
    if (this.secrets === undefined) {
      return answer.nonce === undefined
        ? { outcome: 'greeted', neighbour: this.neighbour, say: [] }
        : failed(secretMissing(this.identity.server, this.neighbour));
    }
    if (answer.nonce === undefined) return failed(secretMissing(this.neighbour, this.identity.server));
    this.answer = answer;
    const proofs = this.secrets.prove(statementOf('caller', { caller: this.hello, called: answer }));
    return { outcome: 'going on', say: [{ kind: 'PROOF', proofs }] };
  }
}

/** The side that is called. What it refuses it tells the caller, so that both logs say why. */
export class CalledHandshake {
  private hellos: Statement | undefined;

  constructor(private readonly introduction: Introduction) {}

  hear(line: PeerLine): HandshakeStep {
    const { hellos } = this;
    if (line.kind === 'HELLO' && hellos === undefined) return this.hearHello(line);
    const { identity, secrets } = this.introduction;
    if (line.kind === 'PROOF' && hellos !== undefined && secrets !== undefined) {
      const { caller } = hellos;
      if (!secrets.accepts(statementOf('caller', hellos), line.proofs)) {
        return refused(secretWrong(caller.from, identity.server));
      }
      const proofs = secrets.prove(statementOf('called', hellos));
      return { outcome: 'greeted', neighbour: caller.from, say: [{ kind: 'PROOF', proofs }] };
    }
    return refused(notInTurn);
  }

  private hearHello(caller: Hello): HandshakeStep {
    const { identity, secrets } = this.introduction;
    const refusal = refusalOf(caller, identity);
    if (refusal !== undefined) return refused(refusal);
    const called = helloOf(this.introduction, caller.from);
    if (secrets === undefined) {
      if (caller.nonce !== undefined) return refused(secretMissing(identity.server, caller.from));
      return { outcome: 'greeted', neighbour: caller.from, say: [called] };
    }
    if (caller.nonce === undefined) return refused(secretMissing(caller.from, identity.server));
    this.hellos = { caller, called };
    return { outcome: 'going on', say: [called] };
  }
}

function failed(reason: string): HandshakeStep {
  return { outcome: 'failed', reason, say: [] };
}

/** The reason is told to the caller as well; so it names both sides, and never says here or there. */
function refused(reason: string): HandshakeStep {
  return { outcome: 'failed', reason, say: [{ kind: 'REFUSED', reason }] };
}
