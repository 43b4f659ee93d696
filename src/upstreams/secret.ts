const placeholder = '[secret]';

/** Minimum length of a key, in characters. A shorter one would be redacted wherever it occurs in an answer by chance. */
const minLength = 16;

/**
 * API key that does not show up in logs: converted to a string, serialized as JSON or inspected it reads `[secret]`. Only `reveal`
 * returns the key.
 */
export class Secret {
  readonly #text: string;

  /**
   * @param text the key: printable ASCII without spaces, 16 characters or more
   * @throws RangeError if it is anything else; the message does not quote it
   */
  constructor(text: string) {
    if (!/^[\x21-\x7e]+$/.test(text)) throw new RangeError('a key must be printable ASCII without white space');
    if (text.length < minLength) throw new RangeError(`a key must have ${minLength} characters or more`);
    this.#text = text;
  }

  /** Returns the key, for the request that needs it. */
  reveal(): string {
    return this.#text;
  }

  /** Returns `[secret]`, never the key. */
  toString(): string {
    return placeholder;
  }

  /** Returns `[secret]`, never the key. */
  toJSON(): string {
    return placeholder;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return placeholder;
  }
}
