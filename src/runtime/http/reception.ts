import type { Clock } from '../../actors/clock.js';
import type { Limits } from '../../actors/limits.js';
import { bytesOf } from '../../protocol/bytes.js';
import { parseCommand } from '../../protocol/command.js';
import { asClientId, type ClientId, type ServerId } from '../../protocol/ids.js';
import { locate, type Location } from '../../protocol/location.js';
import { formatInstant, formatSkew, isAhead } from '../../protocol/time.js';
import type { Desk } from './desk.js';
import { HttpError } from './http-error.js';

/** A report as it comes over HTTP. */
export interface Reported {
  readonly client: string;
  /** ISO 6709. */
  readonly position: string;
  /** POSIX seconds; undefined for now. */
  readonly time: string | undefined;
}

/** Takes reports that come over HTTP, by the rules of IAMAT. */
export class Reception {
  constructor(
    private readonly desk: Desk,
    private readonly clock: Clock,
    private readonly server: ServerId,
    private readonly limits: Limits,
  ) {}

  /**
   * Tells the store, and returns what the herd now knows unless it knew something newer.
   * @throws HttpError saying what is wrong with the report
   */
  take({ client, position, time }: Reported): Location {
    const receivedAt = this.clock.now();
    const line = `IAMAT ${this.clientIdOf(client)} ${bytesOf(position)} ${bytesOf(time ?? formatInstant(receivedAt))}`;
    const command = parseCommand(line, 0);
    if (command.kind !== 'IAMAT' || line.length > this.limits.lineBytesMax) {
      throw new HttpError(400, 'position must be degrees as in +34.068930-118.445127, and time POSIX seconds');
    }
    if (isAhead(command.instant, receivedAt, this.limits.aheadMs)) {
      throw new HttpError(400, `time is more than ${this.limits.aheadMs / 1_000} s ahead of the server's clock`);
    }
    const location = locate(command, this.server, formatSkew(receivedAt, command.instant));
    this.desk.report(location);
    return location;
  }

  /**
   * A text as a client's ID.
   * @throws HttpError if it cannot be one
   */
  clientIdOf(text: string): ClientId {
    const id = bytesOf(text);
    if (/^[^\t-\r ]+$/.test(id) && id.length < this.limits.lineBytesMax) return asClientId(id);
    throw new HttpError(400, 'a client ID is one word without white space, and shorter than a line');
  }
}
