import { createHash, timingSafeEqual } from 'node:crypto';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { AccessTokens } from '../../config/herd-config.js';
import type { HerdMode } from '../server/http-context.js';
import { isLoopback } from '../../sockets/listening.js';
import { HttpError } from '../server/http-error.js';
import { nameIn } from './origins.js';

/** Who asks, as far as a token says so. */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'client' }
  | { readonly kind: 'administrator' }
  | { readonly kind: 'device'; readonly client: ClientId };

/** Whether a caller may administer: it may; it could with the token; or nobody may. */
export type Administering = 'allowed' | 'token' | 'off';

/** What a request says of where it comes from. */
export interface Whereabouts {
  readonly remoteAddress: string | undefined;
  /** The Host header: what the server was called. */
  readonly host: string | undefined;
  /** Whether somebody has passed the request on, so that its address is not that of who asks. */
  readonly forwarded: boolean;
}

interface Known {
  readonly digest: Buffer;
  readonly caller: Caller;
}

/** Who may do what at the HTTP server of a server. */
export class Access {
  private readonly known: readonly Known[];

  constructor(
    private readonly tokens: AccessTokens,
    private readonly mode: HerdMode,
  ) {
    const { clients, administration, devices } = tokens;
    this.known = [
      ...knownBy(clients, { kind: 'client' }),
      ...knownBy(administration, { kind: 'administrator' }),
      ...[...devices].flatMap(([client, token]) => knownBy(token, { kind: 'device', client })),
    ];
  }

  /** Whether clients need a token. */
  get isClosed(): boolean {
    return this.tokens.clients !== undefined;
  }

  /** Who has a token. It is compared with every one there is, in the same time whichever it is like. */
  callerWith(token: string | undefined): Caller {
    let caller: Caller = { kind: 'nobody' };
    if (token === undefined || this.known.length === 0) return caller;
    const digest = digestOf(token);
    for (const known of this.known) if (timingSafeEqual(known.digest, digest)) caller = known.caller;
    return caller;
  }

  /** Whether a caller may ask what clients may ask. */
  mayAsk({ kind }: Caller): boolean {
    return kind === 'client' || kind === 'administrator' || (kind === 'nobody' && !this.isClosed);
  }

  /**
   * Makes sure that a caller may report where a client is: a device only itself, and a device with a token nobody else.
   * @throws HttpError
   */
  checkReport(caller: Caller, client: ClientId): void {
    const isOwn = caller.kind === 'device' && caller.client === client;
    if (isOwn || caller.kind === 'administrator') return;
    if (caller.kind === 'device') throw new HttpError(403, 'this token is for another device');
    if (this.tokens.devices.has(client)) throw unauthorized('this device has a token of its own');
    if (!this.mayAsk(caller)) throw unauthorized();
  }

  /**
   * Whether a caller may administer. Without a token for it only somebody who tries a herd out may, from the machine that it
   * runs on: called by a name of that machine, for a page of elsewhere can have another name mean 127.0.0.1.
   */
  administering(caller: Caller, { remoteAddress, host, forwarded }: Whereabouts): Administering {
    if (caller.kind === 'administrator') return 'allowed';
    if (this.tokens.administration !== undefined) return 'token';
    if (this.mode === 'production') return 'off';
    const isHere =
      isLoopback((remoteAddress ?? '').replace(/^::ffff:/, '')) && isLoopback(nameIn(host) ?? '') && !forwarded;
    return isHere && this.mayAsk(caller) ? 'allowed' : 'off';
  }
}

/** All tokens that there are. */
export function tokensIn({ clients, administration, devices }: AccessTokens): string[] {
  return [clients, administration, ...devices.values()].filter((token) => token !== undefined);
}

/** A request that may be made again with a token. */
export function unauthorized(why = 'a token is needed'): HttpError {
  return new HttpError(401, `${why}: send it as Authorization: Bearer, or as the password of Basic`);
}

function knownBy(token: string | undefined, caller: Caller): Known[] {
  return token === undefined ? [] : [{ digest: digestOf(token), caller }];
}

/** Texts of any length become of one length, and can be compared without telling how far they are alike. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
