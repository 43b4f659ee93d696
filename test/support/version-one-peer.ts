import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ByteString } from '../../src/protocol/bytes.js';
import { eventually, within } from './eventually.js';

/** The hashes of 256 groups, or of the 256 buckets of a group, that hold nothing. */
const hashesOfNothing = Buffer.alloc(256 * 8).toString('base64url');

/** Every line that a server of version 1 takes from a neighbour after the handshake; any other made it hang up. */
const known =
  /^(AT \S+ [+-]\S+ \S+ \S+ \S+ \S+|DIGEST \S+( \S+)?|BUCKETS \d+ \S+|COMPARED|CAUGHT-UP|SEEK \S+ \d+ \S+|UNKNOWN \S+|BEAT)$/;

/** Who it is, and whom it is a neighbour of. */
export interface VersionOneNames {
  readonly herd: string;
  readonly self: string;
  readonly neighbour: string;
  readonly secret: string | undefined;
}

/**
 * A server as they were when there was only version 1 of the protocol, as far as a neighbour can tell: it says and takes what
 * docs/protocol.md said then, written out here, and shares no code with the servers of today.
 */
export class VersionOnePeer {
  /** What it has been told of since the handshake. */
  readonly told: ByteString[] = [];
  /** What it did not understand. */
  readonly strange: ByteString[] = [];
  state: 'greeting' | 'linked' | 'gone' = 'greeting';
  private partial = '';
  private theirNonce = '';
  private readonly nonce = randomBytes(16).toString('base64url');
  private door: Server | undefined;

  private constructor(
    private readonly names: VersionOneNames,
    private readonly role: 'caller' | 'called',
    private readonly socket: Socket,
    /** The AT lines that it holds; they are dealt out when the far end has compared. */
    private readonly holds: readonly ByteString[],
  ) {
    socket.on('data', (chunk) => this.take(chunk.toString('latin1')));
    socket.on('close', () => (this.state = 'gone'));
    socket.on('error', () => undefined);
  }

  /** Calls a server that listens, and is linked with it. */
  static async call(names: VersionOneNames, port: number, holds: readonly ByteString[] = []): Promise<VersionOnePeer> {
    const socket = connect(port, '127.0.0.1');
    await within(once(socket, 'connect'), 'the call is taken');
    const peer = new VersionOnePeer(names, 'caller', socket, holds);
    peer.sayHello();
    await peer.isLinked();
    return peer;
  }

  /** Is called by a server at a port, and linked with it. */
  static async answer(
    names: VersionOneNames,
    port: number,
    holds: readonly ByteString[] = [],
  ): Promise<VersionOnePeer> {
    const door = createServer();
    const called = once(door, 'connection');
    door.listen(port, '127.0.0.1');
    const [socket] = (await within(called, `${names.neighbour} calls`)) as [Socket];
    const peer = new VersionOnePeer(names, 'called', socket, holds);
    peer.door = door;
    await peer.isLinked();
    return peer;
  }

  say(line: ByteString): void {
    this.socket.write(`${line}\n`, 'latin1');
  }

  /** Waits until it has been told a line. */
  hears(line: ByteString): Promise<boolean> {
    return eventually(`${this.names.self} hears ${line}`, () => {
      if (this.told.includes(line)) return true;
      throw new Error(`only ${this.told.map((told) => told.slice(0, 100)).join(' | ')}`);
    });
  }

  close(): void {
    this.socket.destroy();
    this.door?.close();
  }

  private isLinked(): Promise<boolean> {
    return eventually(`${this.names.self} is linked`, () => this.state === 'linked');
  }

  private sayHello(): void {
    const { herd, self, neighbour, secret } = this.names;
    this.say(`HELLO 1 ${herd} ${self} ${neighbour}${secret === undefined ? '' : ` ${this.nonce}`}`);
  }

  private sayProof(): void {
    this.say(`PROOF ${this.proof(this.role)}`);
  }

  private proof(role: 'caller' | 'called'): string {
    const { herd, self, neighbour, secret = '' } = this.names;
    const callerFirst = (ours: string, theirs: string) =>
      this.role === 'caller' ? `${ours} ${theirs}` : `${theirs} ${ours}`;
    const names = callerFirst(self, neighbour);
    const statement = `herd peer ${role} 1 ${herd} ${names} ${callerFirst(this.nonce, this.theirNonce)}`;
    return createHmac('sha256', secret).update(statement, 'latin1').digest('base64url');
  }

  private take(text: string): void {
    const lines = (this.partial + text).split('\n');
    this.partial = lines.pop() ?? '';
    for (const line of lines) {
      if (this.state === 'greeting') this.greet(line);
      else this.hear(line);
    }
  }

  private greet(line: ByteString): void {
    const { herd, self, neighbour, secret } = this.names;
    const [word, version, itsHerd, from, to, nonce] = line.split(' ');
    if (word === 'HELLO') {
      const isWelcome = version === '1' && itsHerd === herd && from === neighbour && to === self;
      if (!isWelcome || (nonce === undefined) !== (secret === undefined)) return this.refuse(line);
      this.theirNonce = nonce ?? '';
      if (this.role === 'called') this.sayHello();
      else if (secret !== undefined) this.sayProof();
      if (secret === undefined) this.link();
    } else if (word === 'PROOF' && version === this.proof(this.role === 'caller' ? 'called' : 'caller')) {
      if (this.role === 'called') this.sayProof();
      this.link();
    } else this.refuse(line);
  }

  private link(): void {
    this.state = 'linked';
    this.say(`DIGEST ${hashesOfNothing}`);
  }

  private hear(line: ByteString): void {
    if (!known.test(line)) return this.refuse(line);
    this.told.push(line);
    // As often as the far end: it need keep no time of its own.
    if (line === 'BEAT') this.say('BEAT');
    if (line.startsWith('DIGEST ')) {
      // As if all groups differed, and nothing were here: so it is sent everything.
      for (let group = 0; group < 256; group += 1) this.say(`BUCKETS ${group} ${hashesOfNothing}`);
      this.say('COMPARED');
    }
    if (line === 'COMPARED') {
      for (const at of this.holds) this.say(`${at} ${this.names.self}`);
      this.say('CAUGHT-UP');
    }
  }

  private refuse(line: ByteString): void {
    this.strange.push(line);
    this.socket.destroy();
  }
}
