import type { ByteString } from '../text/bytes.js';

declare const serverIdBrand: unique symbol;
declare const clientIdBrand: unique symbol;

/** A server's name, as it stands in herd.yaml and in AT lines. */
export type ServerId = string & { readonly [serverIdBrand]: true };

/** A client's name: one or more bytes, none of them white space. */
export type ClientId = ByteString & { readonly [clientIdBrand]: true };

/** The most characters of a server's name. */
export const maxServerIdLength = 64;

/** Names that are safe as a field of a line, as a folder and as a word of a command. */
export const serverIdSource = `[A-Za-z0-9][A-Za-z0-9_-]{0,${maxServerIdLength - 1}}`;
export const serverIdPattern = new RegExp(`^${serverIdSource}$`);

/** The text as a server's name, or undefined if it cannot be one. */
export function asServerId(text: string): ServerId | undefined {
  return serverIdPattern.test(text) ? (text as ServerId) : undefined;
}

/** A client ID, as part of a larger pattern: one or more bytes, none of them white space as in `fieldsOf`. */
export const clientIdSource = '[^\\t-\\r ]+';

/** A field of a line as a client's name. Any field is one: see `fieldsOf`. */
export function asClientId(field: ByteString): ClientId {
  return field as ClientId;
}
