import type { ByteString } from '../text/bytes.js';

declare const serverIdBrand: unique symbol;
declare const clientIdBrand: unique symbol;

/** ID of a server, as in herd.yaml and in AT lines. */
export type ServerId = string & { readonly [serverIdBrand]: true };

/** ID of a client: one or more bytes other than white space. */
export type ClientId = ByteString & { readonly [clientIdBrand]: true };

/** Maximum characters of a server ID. */
export const maxServerIdLength = 64;

/** Pattern of server IDs, which are safe as a field of a line, a folder name and a command-line argument. */
export const serverIdSource = `[A-Za-z0-9][A-Za-z0-9_-]{0,${maxServerIdLength - 1}}`;
export const serverIdPattern = new RegExp(`^${serverIdSource}$`);

/** Returns the text as a server ID; undefined if it is not valid. */
export function asServerId(text: string): ServerId | undefined {
  return serverIdPattern.test(text) ? (text as ServerId) : undefined;
}

/** A client ID, as part of a larger pattern: one or more bytes, none of them white space as in `fieldsOf`. */
export const clientIdSource = '[^\\t-\\r ]+';

/** Returns a field of a line as a client ID. Every field is valid: see `fieldsOf`. */
export function asClientId(field: ByteString): ClientId {
  return field as ClientId;
}
