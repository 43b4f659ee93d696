import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../sockets/listener.js';

/** Host and port of a server's HTTP server. */
export interface HttpEndpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Whether an origin (RFC 6454) is one of the herd's servers. Programs other than browsers send no origin and are allowed.
 *
 * @param origin the Origin header; undefined if there is none
 * @param host the Host header
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
 * Whether a page of another site loads the URL, for example as an image: such requests have no origin, but Fetch Metadata.
 * Following a link from another site is allowed.
 */
export function isCrossSiteSubresource(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}

/**
 * Whether a page of another site causes the request in any way, also by navigation. Such requests may not change anything.
 */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === undefined && site !== undefined && site !== 'none' && site !== 'same-origin';
}

/** Whether a URL's host is the same as a configured one, where all loopback names are the same. */
function isSameHost(hostname: string, host: string): boolean {
  const name = stripBrackets(hostname);
  return name === host || (isLoopback(name) && isLoopback(host));
}

/** Returns the name in a Host header, without port and brackets; undefined if it is missing or invalid. */
export function parseHostName(host: string | undefined): string | undefined {
  const url = `http://${host ?? ''}`;
  return host !== undefined && URL.canParse(url) ? stripBrackets(new URL(url).hostname) : undefined;
}

function stripBrackets(name: string): string {
  return name.replace(/^\[|\]$/g, '');
}
