import type { IncomingHttpHeaders } from 'node:http';

/** What a WebSocket's subprotocol begins with that is a token: a browser lets a page set no other header of a handshake. */
export const tokenProtocolPrefix = 'herd.token.';

/** The token that a request brings, whichever way it can: as Bearer, as the password of Basic, or as a subprotocol. */
export function readToken(headers: IncomingHttpHeaders): string | undefined {
  const [, scheme, value = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (scheme === undefined) return parseProtocolToken(headers['sec-websocket-protocol']);
  return scheme.toLowerCase() === 'bearer' ? value : parseBasicPassword(value);
}

/** The password of Basic credentials (RFC 7617); who it belongs to, it says itself. */
function parseBasicPassword(credentials: string): string | undefined {
  const text = Buffer.from(credentials, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : text.slice(colon + 1);
}

function parseProtocolToken(protocols: string | undefined): string | undefined {
  const offered = protocols?.split(',').map((protocol) => protocol.trim());
  const tokenProtocol = offered?.find((protocol) => protocol.startsWith(tokenProtocolPrefix));
  return tokenProtocol === undefined
    ? undefined
    : Buffer.from(tokenProtocol.slice(tokenProtocolPrefix.length), 'base64url').toString();
}

/**
 * How somebody without a token is asked for one. For Basic a browser has a dialog of its own, which must not come up in front
 * of the page's: so who wants no document is asked for Bearer alone.
 */
export function challengeFor({ accept }: IncomingHttpHeaders): string {
  const isApiClient = /^(application\/json|text\/event-stream)$/.test(accept ?? '');
  return isApiClient ? 'Bearer realm="herd"' : 'Bearer realm="herd", Basic realm="herd", charset="UTF-8"';
}
