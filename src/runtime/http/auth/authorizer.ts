import { createHash, timingSafeEqual } from 'node:crypto';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { AuthTokens } from '../../config/herd-config.js';
import type { AdminAccess } from '../api/api-types.js';
import type { HerdMode } from '../server/http-context.js';
import { isLoopback } from '../../sockets/listener.js';
import { HttpError } from '../server/http-error.js';
import { parseHostName } from './origins.js';

/** Who asks, as far as a token says so. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'client' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'device'; readonly client: ClientId };

/** What a request says of where it comes from. */
export interface RequestOrigin {
  readonly remoteAddress: string | undefined;
  /** The Host header: what the server was called. */
  readonly host: string | undefined;
  /** Whether somebody has passed the request on, so that its address is not that of who asks. */
  readonly isForwarded: boolean;
}

interface TokenEntry {
  readonly hash: Buffer;
  readonly principal: Principal;
}

/** Who may do what at the HTTP server of a server. */
export class Authorizer {
  private readonly tokenEntries: readonly TokenEntry[];

  constructor(
    private readonly tokens: AuthTokens,
    private readonly mode: HerdMode,
  ) {
    const { clientToken, adminToken, deviceTokens } = tokens;
    this.tokenEntries = [
      ...tokenEntriesFor(clientToken, { kind: 'client' }),
      ...tokenEntriesFor(adminToken, { kind: 'admin' }),
      ...[...deviceTokens].flatMap(([client, token]) => tokenEntriesFor(token, { kind: 'device', client })),
    ];
  }

  /** Whether clients need a token. */
  get isTokenRequired(): boolean {
    return this.tokens.clientToken !== undefined;
  }

  /** Who has a token. It is compared with every one there is, in the same time whichever it is like. */
  authenticate(token: string | undefined): Principal {
    let principal: Principal = { kind: 'anonymous' };
    if (token === undefined || this.tokenEntries.length === 0) return principal;
    const hash = hashToken(token);
    for (const entry of this.tokenEntries) if (timingSafeEqual(entry.hash, hash)) principal = entry.principal;
    return principal;
  }

  /** Whether a caller may ask what clients may ask. */
  hasClientAccess({ kind }: Principal): boolean {
    return kind === 'client' || kind === 'admin' || (kind === 'anonymous' && !this.isTokenRequired);
  }

  /**
   * Makes sure that a caller may report where a client is: a device only itself, and a device with a token nobody else.
   * @throws HttpError
   */
  authorizeReport(principal: Principal, client: ClientId): void {
    const isOwn = principal.kind === 'device' && principal.client === client;
    if (isOwn || principal.kind === 'admin') return;
    if (principal.kind === 'device') throw new HttpError(403, 'this token is for another device');
    if (this.tokens.deviceTokens.has(client)) throw unauthorizedError('this device has a token of its own');
    if (!this.hasClientAccess(principal)) throw unauthorizedError();
  }

  /**
   * Whether a caller may administer. Without a token for it only somebody who tries a herd out may, from the machine that it
   * runs on: called by a name of that machine, for a page of elsewhere can have another name mean 127.0.0.1.
   */
  checkAdminAccess(principal: Principal, { remoteAddress, host, isForwarded }: RequestOrigin): AdminAccess {
    if (principal.kind === 'admin') return 'allowed';
    if (this.tokens.adminToken !== undefined) return 'token-required';
    if (this.mode === 'production') return 'disabled';
    const isLocal =
      isLoopback((remoteAddress ?? '').replace(/^::ffff:/, '')) &&
      isLoopback(parseHostName(host) ?? '') &&
      !isForwarded;
    return isLocal && this.hasClientAccess(principal) ? 'allowed' : 'disabled';
  }
}

/** All tokens that there are. */
export function listTokens({ clientToken, adminToken, deviceTokens }: AuthTokens): string[] {
  return [clientToken, adminToken, ...deviceTokens.values()].filter((token) => token !== undefined);
}

/** A request that may be made again with a token. */
export function unauthorizedError(reason = 'a token is needed'): HttpError {
  return new HttpError(401, `${reason}: send it as Authorization: Bearer, or as the password of Basic`);
}

function tokenEntriesFor(token: string | undefined, principal: Principal): TokenEntry[] {
  return token === undefined ? [] : [{ hash: hashToken(token), principal }];
}

/** Texts of any length become of one length, and can be compared without telling how far they are alike. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
