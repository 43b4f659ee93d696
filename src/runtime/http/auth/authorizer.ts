import { createHash, timingSafeEqual } from 'node:crypto';
import type { ClientId } from '../../../protocol/place/ids.js';
import type { AuthTokens, HerdMode } from '../../config/herd-config.js';
import type { AdminAccess } from '../api/api-types.js';
import { isLoopback } from '../../sockets/listener.js';
import { HttpError } from '../server/http-error.js';
import { parseHostName } from './origins.js';

/** The caller of a request, as identified by its token. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'client' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'device'; readonly client: ClientId };

/** Origin of a request. */
export interface RequestOrigin {
  readonly remoteAddress: string | undefined;
  /** The Host header. */
  readonly host: string | undefined;
  /** Whether a proxy has forwarded the request, so that `remoteAddress` is not that of the caller. */
  readonly isForwarded: boolean;
}

interface TokenEntry {
  readonly hash: Buffer;
  readonly principal: Principal;
}

/** Maps tokens to principals and decides what each may do. */
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

  /** Returns the principal of a token. Compares it with all tokens in constant time. */
  authenticate(token: string | undefined): Principal {
    let principal: Principal = { kind: 'anonymous' };
    if (token === undefined || this.tokenEntries.length === 0) return principal;
    const hash = hashToken(token);
    for (const entry of this.tokenEntries) if (timingSafeEqual(entry.hash, hash)) principal = entry.principal;
    return principal;
  }

  /** Whether a caller has the rights of a client. */
  hasClientAccess({ kind }: Principal): boolean {
    return kind === 'client' || kind === 'admin' || (kind === 'anonymous' && !this.isTokenRequired);
  }

  /**
   * Checks that a caller may report the location of a client. A device may report only itself, and a device with a token may be
   * reported only by itself and by administrators.
   * @throws HttpError if it may not
   */
  authorizeReport(principal: Principal, client: ClientId): void {
    const isOwn = principal.kind === 'device' && principal.client === client;
    if (isOwn || principal.kind === 'admin') return;
    if (principal.kind === 'device') throw new HttpError(403, 'this token belongs to another device');
    if (this.tokens.deviceTokens.has(client)) throw unauthorizedError('token of this device required');
    if (!this.hasClientAccess(principal)) throw unauthorizedError();
  }

  /**
   * Whether a caller may administer. Without an admin token this requires development mode and a request from the same machine to
   * a loopback name: a page of another site can resolve its own name to 127.0.0.1 (DNS rebinding).
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

/** Lists all configured tokens. */
export function listTokens({ clientToken, adminToken, deviceTokens }: AuthTokens): string[] {
  return [clientToken, adminToken, ...deviceTokens.values()].filter((token) => token !== undefined);
}

/** Creates the error of a request that needs a token. */
export function unauthorizedError(reason = 'token required'): HttpError {
  return new HttpError(401, `${reason} (Authorization: Bearer TOKEN, or Basic with the token as the password)`);
}

function tokenEntriesFor(token: string | undefined, principal: Principal): TokenEntry[] {
  return token === undefined ? [] : [{ hash: hashToken(token), principal }];
}

/** Hashes a token, so that all have the same length and can be compared in constant time. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
