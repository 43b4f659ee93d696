import { SeededRandom } from '../../src/simulation/time/seeded-random.js';
import type { ByteString } from '../../src/protocol/text/byte-string.js';
import type { ServerId } from '../../src/protocol/place/ids.js';
import { maxCountedSkewSeconds } from '../../src/protocol/place/location-order.js';
import { maxReportFieldBytes } from '../../src/protocol/place/report.js';
import { formatInstant, type Instant } from '../../src/protocol/place/time.js';

/** What the generated lines are close to the limits of. */
export interface LineLimits {
  readonly receivedAt: Instant;
  readonly maxFutureSkewMs: number;
  readonly maxClientIdBytes: number;
}

export const defaultLineLimits: LineLimits = {
  receivedAt: { seconds: 1_700_000_000, nanoseconds: 563_873_386 },
  maxFutureSkewMs: 86_400_000,
  maxClientIdBytes: 40,
};

const digits = '0123456789';
const idCharacters = 'ABYZabyz0189';
const whiteSpace = ['\t', '\v', '\f', '\r', '  ', ' \t', '\r '];
/** Bytes at the borders of the classes that parsers distinguish. */
const borderBytes = '\0\b\t\v\f\r\x0e\x1c\x1f !+,-./09:@AZ[_`az{~\x7f\x80\x85\xa0\xff';
/** LF, and bytes that differ from it by one bit or by one. */
const nearLf = '\n\x8a\v\t\b\x0e\0\xff';
const borderDegrees = ['0', '00', '9', '89', '90', '91', '99', '090', '099', '100', '179', '180', '181', '190', '200'];
const borderFractions = ['', '.', '.0', '.00', '.000000000000000000', '.00000000000000000000001', '.0.', '..0'];

/**
 * Generates lines for comparing two parsers: about half are valid; the others differ from a valid line by a few bytes or exceed a limit
 * by the least amount. They contain no LF.
 */
export class LineGenerator {
  private readonly random: SeededRandom;

  /** @param seed equal seeds give equal lines */
  constructor(
    seed: string,
    private readonly limits: LineLimits,
  ) {
    this.random = new SeededRandom(seed, 'lines');
  }

  /** Generates an IAMAT command, or a line that resembles one. */
  iamat(): ByteString {
    const fields = ['IAMAT', this.clientId(), this.position(), this.time()];
    const line = fields.reduce((text, field) => text + this.separator() + field);
    return this.mutate(this.maybe(0.03, whiteSpace) + line + this.maybe(0.03, [' ', ...whiteSpace]));
  }

  /** Generates an AT line of a neighbour, or a line that resembles one. */
  peerAt(forwarder: ServerId): ByteString {
    const { random } = this;
    const sender = random.happens(0.95)
      ? forwarder
      : random.pick([forwarder.slice(1), `${forwarder}x`, `x${forwarder}`, 'Other', '', '-']);
    const fields = ['AT', this.serverId(), this.skew(), this.clientId(), this.position(), this.time(), sender];
    return this.mutate(fields.join(' '));
  }

  /** Generates a position, or a text that resembles one. */
  position(): ByteString {
    const text = this.degrees(90, 2) + this.degrees(180, 3);
    return this.random.happens(0.02) ? this.padFraction(text, maxReportFieldBytes + this.random.below(2)) : text;
  }

  /** Generates a time, or a text that resembles one; many are close to a limit of the server's time. */
  time(): ByteString {
    const { random } = this;
    const { receivedAt, maxFutureSkewMs } = this.limits;
    if (random.happens(0.4)) {
      const ahead = random.pick([0, maxCountedSkewSeconds, maxFutureSkewMs / 1_000, -1, -random.below(100_000)]);
      const seconds = Math.max(0, Math.trunc(receivedAt.seconds + ahead + random.below(3) - 1));
      const nanoseconds = random.pick([0, 1, 999_999_999, receivedAt.nanoseconds, random.below(1_000_000_000)]);
      const time = formatInstant({ seconds, nanoseconds: Math.max(0, nanoseconds - random.below(2)) });
      return random.happens(0.5) ? time : time.slice(0, time.length - random.below(10));
    }
    const length = random.happens(0.8) ? 10 : 1 + random.below(16);
    const text = this.text(digits, length) + this.fraction();
    return random.happens(0.05) ? this.padFraction(text, maxReportFieldBytes + random.below(2)) : text;
  }

  /** Generates a client ID: mostly short and printable, sometimes any bytes, sometimes as long as allowed or a byte longer. */
  clientId(): ByteString {
    const { random } = this;
    if (random.happens(0.02)) {
      return this.text(idCharacters, Math.max(0, this.limits.maxClientIdBytes - 1 + random.below(3)));
    }
    const id = this.text(idCharacters, 1 + random.below(20));
    if (!random.happens(0.15)) return id;
    const byte = random.happens(0.5) ? this.text(borderBytes, 1) : String.fromCharCode(random.below(256));
    return withoutLf(insertAt(id, random.below(id.length + 1), byte));
  }

  /** Generates a server ID, or a text that resembles one. */
  serverId(): ByteString {
    const { random } = this;
    const length = random.happens(0.1) ? 62 + random.below(4) : 1 + random.below(12);
    const id = this.text(`${idCharacters}-_`, length);
    return random.happens(0.9) && !/^[A-Za-z0-9]/.test(id) ? `A${id.slice(1)}` : id;
  }

  /** Generates a skew, or a text that resembles one; many are close to the largest that is counted. */
  skew(): ByteString {
    const { random } = this;
    const sign = random.happens(0.01) ? '' : random.pick(['+', '-']);
    const seconds = random.happens(0.7)
      ? String(random.pick([0, maxCountedSkewSeconds]) + random.below(3))
      : this.text(digits, 1 + random.below(16));
    const decimals = random.happens(0.97) ? 9 : 8 + random.below(3);
    const fraction = random.pick(['000000000', '000000001', '999999999', this.text(digits, 9)]);
    return `${sign}${seconds}.${fraction.padEnd(decimals, '0').slice(0, decimals)}`;
  }

  /** Generates up to 13 bytes, many of them LF or the like. */
  bytes(): ByteString {
    const { random } = this;
    let bytes = '';
    for (let count = random.below(14); count > 0; count -= 1) {
      bytes += random.happens(0.6) ? this.text(nearLf, 1) : String.fromCharCode(random.below(256));
    }
    return bytes;
  }

  /** Changes a few bytes of a text, or leaves it as it is. */
  mutate(line: ByteString): ByteString {
    const { random } = this;
    if (random.happens(0.65)) return line;
    let mutated = line;
    for (let count = 1 + random.below(2); count > 0; count -= 1) mutated = this.changeByte(mutated);
    return withoutLf(mutated);
  }

  private degrees(limit: number, maxDigits: number): ByteString {
    const { random } = this;
    const sign = random.happens(0.01) ? '' : random.pick(['+', '-']);
    if (random.happens(0.2)) return sign + random.pick(borderDegrees) + this.fraction();
    return sign + String(random.below(limit + 2)).padStart(1 + random.below(maxDigits), '0') + this.fraction();
  }

  private fraction(): ByteString {
    const { random } = this;
    if (random.happens(0.1)) return random.pick(borderFractions);
    return random.happens(0.2) ? '' : `.${this.text(digits, 1 + random.below(12))}`;
  }

  private padFraction(text: ByteString, length: number): ByteString {
    return (text.includes('.') ? text : `${text}.`).padEnd(length, '0');
  }

  private separator(): ByteString {
    return this.random.happens(0.04) ? this.random.pick(whiteSpace) : ' ';
  }

  private maybe(probability: number, texts: readonly ByteString[]): ByteString {
    return this.random.happens(probability) ? this.random.pick(texts) : '';
  }

  private changeByte(line: ByteString): ByteString {
    const { random } = this;
    const at = random.below(line.length + 1);
    const byte = random.pick([this.text(borderBytes, 1), String.fromCharCode(random.below(256)), line.charAt(at)]);
    switch (random.below(7)) {
      case 0:
        return insertAt(line, at, byte);
      case 1:
        return line.slice(0, at) + line.slice(at + 1);
      case 2:
        return line.slice(0, at) + byte + line.slice(at + 1);
      case 3:
        return line.slice(0, at) + flipBit(line.charAt(at), random.below(8)) + line.slice(at + 1);
      case 4:
        return line.slice(0, at);
      case 5:
        return line.slice(at);
      default:
        return insertAt(line, random.below(line.length + 1), line.slice(at, at + random.below(8)));
    }
  }

  private text(characters: string, length: number): ByteString {
    let text = '';
    for (let index = 0; index < length; index += 1) text += characters.charAt(this.random.below(characters.length));
    return text;
  }
}

function insertAt(text: ByteString, at: number, inserted: ByteString): ByteString {
  return text.slice(0, at) + inserted + text.slice(at);
}

function flipBit(character: ByteString, bit: number): ByteString {
  return character === '' ? '' : String.fromCharCode(character.charCodeAt(0) ^ (1 << bit));
}

function withoutLf(text: ByteString): ByteString {
  return text.replaceAll('\n', ' ');
}
