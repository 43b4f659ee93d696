import { isLoopback } from '../listening.js';

/** Where one server of the herd serves HTTP. */
export interface HttpPlace {
  readonly host: string;
  readonly port: number;
}

/**
 * Whether a page of this origin may talk with a server of the herd: a page of the server itself, or of another server of
 * the herd (RFC 6454). Who speaks for itself, and not for a page, sends no origin.
 *
 * @param origin the header; undefined if there is none
 * @param host the Host header: what the server was called
 */
export function isOwnOrigin(
  origin: string | undefined,
  host: string | undefined,
  scheme: 'http' | 'https',
  places: readonly HttpPlace[],
): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host === host) return true;
  if (page.protocol !== `${scheme}:`) return false;
  const port = page.port === '' ? (scheme === 'http' ? 80 : 443) : Number(page.port);
  const asked = URL.canParse(`${scheme}://${host ?? ''}`) ? new URL(`${scheme}://${host ?? ''}`).hostname : undefined;
  return places.some(
    (place) => place.port === port && (sameHost(page.hostname, place.host) || page.hostname === asked),
  );
}

/** A host that is called by its name, or by one of the names that a machine has for itself. */
function sameHost(called: string, host: string): boolean {
  const name = called.replace(/^\[|\]$/g, '');
  return name === host || (isLoopback(name) && isLoopback(host));
}
