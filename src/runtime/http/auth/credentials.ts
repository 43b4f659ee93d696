import type { IncomingHttpHeaders } from 'node:http';

/** What a WebSocket's subprotocol begins with that is a token: a browser lets a page set no other header of a handshake. */
export const tokenProtocolStart = 'herd.token.';

/** The token that a request brings, whichever way it can: as Bearer, as the password of Basic, or as a subprotocol. */
export function tokenIn(headers: IncomingHttpHeaders): string | undefined {
  const [, scheme, value = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (scheme === undefined) return tokenOfProtocols(headers['sec-websocket-protocol']);
  return scheme.toLowerCase() === 'bearer' ? value : passwordIn(value);
}

/** The password of Basic credentials (RFC 7617); who it belongs to, it says itself. */
function passwordIn(credentials: string): string | undefined {
  const text = Buffer.from(credentials, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : text.slice(colon + 1);
}

function tokenOfProtocols(protocols: string | undefined): string | undefined {
  const offered = protocols?.split(',').map((protocol) => protocol.trim());
  const found = offered?.find((protocol) => protocol.startsWith(tokenProtocolStart));
  return found === undefined ? undefined : Buffer.from(found.slice(tokenProtocolStart.length), 'base64url').toString();
}

/**
 * How somebody without a token is asked for one. For Basic a browser has a dialog of its own, which must not come up in front
 * of the page's: so who wants no document is asked for Bearer alone.
 */
export function challengeFor({ accept }: IncomingHttpHeaders): string {
  const isProgram = /^(application\/json|text\/event-stream)$/.test(accept ?? '');
  return isProgram ? 'Bearer realm="herd"' : 'Bearer realm="herd", Basic realm="herd", charset="UTF-8"';
}
