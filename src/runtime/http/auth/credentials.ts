import type { IncomingHttpHeaders } from 'node:http';

/** Prefix of a WebSocket subprotocol that is a token: pages can set no other header of a handshake. */
export const tokenProtocolPrefix = 'herd.token.';

/** Returns the token of a request: as Bearer, as the password of Basic, or as a subprotocol. */
export function readToken(headers: IncomingHttpHeaders): string | undefined {
  const [, scheme, value = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (scheme === undefined) return parseProtocolToken(headers['sec-websocket-protocol']);
  return scheme.toLowerCase() === 'bearer' ? value : parseBasicPassword(value);
}

/** Returns the password of Basic credentials (RFC 7617). The user name is ignored: the token identifies the caller. */
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
 * Returns the `WWW-Authenticate` challenge for a request. Browsers show a dialog for Basic, which must not cover the dashboard's
 * own: requests that do not accept documents are challenged for Bearer only.
 */
export function challengeFor({ accept }: IncomingHttpHeaders): string {
  const isApiClient = /^(application\/json|text\/event-stream)$/.test(accept ?? '');
  return isApiClient ? 'Bearer realm="herd"' : 'Bearer realm="herd", Basic realm="herd", charset="UTF-8"';
}
