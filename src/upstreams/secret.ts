const placeholder = '[secret]';

/** Characters of a key. A shorter one would be cut out of answers wherever its letters stand in them by chance. */
const minLength = 16;

/**
 * A key of an API. However it is written down by accident — in a text, as JSON, by an inspection — it does not show; only
 * `reveal` tells it.
 */
export class Secret {
  readonly #text: string;

  /**
   * @param text printable ASCII without spaces, 16 characters or more, as keys are
   * @throws RangeError for any other; the message does not quote it
   */
  constructor(text: string) {
    if (!/^[\x21-\x7e]+$/.test(text)) throw new RangeError('a key is printable ASCII without white space');
    if (text.length < minLength) throw new RangeError(`a key has ${minLength} characters or more`);
    this.#text = text;
  }

  /** The key itself, for the request that needs it. */
  reveal(): string {
    return this.#text;
  }

  /** Not the key. */
  toString(): string {
    return placeholder;
  }

  /** Not the key. */
  toJSON(): string {
    return placeholder;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return placeholder;
  }
}
