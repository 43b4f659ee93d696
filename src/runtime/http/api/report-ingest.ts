import type { Clock } from '../../../actors/ports/clock.js';
import type { Limits } from '../../../actors/ports/limits.js';
import { bytesOf, type ByteString } from '../../../protocol/text/bytes.js';
import { parseCommand, reportFieldBytesMax } from '../../../protocol/client/command.js';
import { asClientId, type ClientId, type ServerId } from '../../../protocol/place/ids.js';
import { locate, type Location } from '../../../protocol/place/location.js';
import { parsePosition } from '../../../protocol/place/position.js';
import { formatInstant, formatSkew, isAhead, parseTime } from '../../../protocol/place/time.js';
import type { Desk } from './actor-gateway.js';
import { HttpError } from '../server/http-error.js';
import type { ServerView } from '../../observe/metrics/server-status.js';

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
    private readonly view: Pick<ServerView, 'clockTrouble'>,
  ) {}

  /**
   * Tells the store, and returns what the herd now knows unless it knew something newer.
   * @throws HttpError saying what is wrong with the report, or that it needs a time of its own here
   */
  take({ client, position, time }: Reported): Location {
    const { clockTrouble } = this.view;
    // Its time would be this server's, and with a clock that is ahead it would stand against all later reports until that time comes.
    if (time === undefined && clockTrouble !== '') {
      throw new HttpError(503, `the report has no time of its own, and ${clockTrouble}`);
    }
    const receivedAt = this.clock.now();
    const [where, when] = [bytesOf(position), bytesOf(time ?? formatInstant(receivedAt))];
    const line = `IAMAT ${this.clientIdOf(client)} ${where} ${when}`;
    const command = parseCommand(line, { countMax: 0, radiusKmMax: 0, clientIdBytesMax: this.limits.clientIdBytesMax });
    if (command.kind !== 'IAMAT') throw new HttpError(400, problemOf(where, when));
    if (line.length > this.limits.lineBytesMax) throw new HttpError(400, 'the report is longer than a line may be');
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
    const { clientIdBytesMax } = this.limits;
    const id = bytesOf(text);
    if (/^[^\t-\r ]+$/.test(id) && id.length <= clientIdBytesMax) return asClientId(id);
    throw new HttpError(400, `a client ID is one word without white space, of at most ${clientIdBytesMax} bytes`);
  }
}

/** What is wrong with a report that is none. */
function problemOf(position: ByteString, time: ByteString): string {
  const problems = [
    ...(parsePosition(position) === undefined ? ['position must be degrees as in +34.068930-118.445127'] : []),
    ...(parseTime(time) === undefined ? ['time must be POSIX seconds as in 1400794645.392'] : []),
    ...(position.length > reportFieldBytesMax ? [`position is longer than ${reportFieldBytesMax} bytes`] : []),
    ...(time.length > reportFieldBytesMax ? [`time is longer than ${reportFieldBytesMax} bytes`] : []),
  ];
  return problems.join(', and ');
}
