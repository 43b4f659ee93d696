/**
 * Text of which each character is one byte (latin1: U+0000 to U+00FF). Everything that a server receives or sends is handled in
 * this form, so that any bytes, valid UTF-8 or not, are returned unchanged.
 */
export type ByteString = string;
