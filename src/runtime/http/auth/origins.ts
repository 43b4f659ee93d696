import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../sockets/listener.js';

/** Where one server of the herd serves HTTP. */
export interface HttpEndpoint {
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
  endpoints: readonly HttpEndpoint[],
): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host === host) return true;
  if (page.protocol !== `${scheme}:`) return false;
  const port = page.port === '' ? (scheme === 'http' ? 80 : 443) : Number(page.port);
  const requestedHost = parseHostName(host);
  return endpoints.some(
    (endpoint) =>
      endpoint.port === port &&
      (isSameHost(page.hostname, endpoint.host) || stripBrackets(page.hostname) === requestedHost),
  );
}

/**
 * Whether a page of elsewhere has a browser ask for something, as for an image: that has no origin, but browsers say so
 * (Fetch Metadata). Somebody who follows a link from there is welcome.
 */
export function isCrossSiteSubresource(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}

/**
 * Whether a browser asks for a page other than one of the server itself, by whatever way: also where it only goes there. What
 * changes something is not for those.
 */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === undefined && site !== undefined && site !== 'none' && site !== 'same-origin';
}

/** A host that is called by its name, or by one of the names that a machine has for itself. */
function isSameHost(hostname: string, host: string): boolean {
  const name = stripBrackets(hostname);
  return name === host || (isLoopback(name) && isLoopback(host));
}

/** The name in a Host header, without the port and without brackets; undefined if there is none. */
export function parseHostName(host: string | undefined): string | undefined {
  const url = `http://${host ?? ''}`;
  return host !== undefined && URL.canParse(url) ? stripBrackets(new URL(url).hostname) : undefined;
}

function stripBrackets(name: string): string {
  return name.replace(/^\[|\]$/g, '');
}
