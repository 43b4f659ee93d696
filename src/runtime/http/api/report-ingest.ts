import type { Clock } from '../../../actors/ports/clock.js';
import type { Limits } from '../../../actors/ports/limits.js';
import { bytesOf, type ByteString } from '../../../protocol/text/bytes.js';
import { parseCommand, maxReportFieldBytes } from '../../../protocol/client/command.js';
import { asClientId, type ClientId, type ServerId } from '../../../protocol/place/ids.js';
import { locationFromReport, type Location } from '../../../protocol/place/location.js';
import { parsePosition } from '../../../protocol/place/position.js';
import { formatInstant, formatSkew, isTooFarAhead, parseTime } from '../../../protocol/place/time.js';
import type { ActorGateway } from './actor-gateway.js';
import { HttpError } from '../server/http-error.js';
import type { StatusTracker } from '../../observe/metrics/status-tracker.js';

/** A report as it comes over HTTP. */
export interface ReportInput {
  readonly client: string;
  /** ISO 6709. */
  readonly position: string;
  /** POSIX seconds; undefined for now. */
  readonly time: string | undefined;
}

/** Takes reports that come over HTTP, by the rules of IAMAT. */
export class ReportIngest {
  constructor(
    private readonly gateway: ActorGateway,
    private readonly clock: Clock,
    private readonly server: ServerId,
    private readonly limits: Limits,
    private readonly status: Pick<StatusTracker, 'clockProblem'>,
  ) {}

  /**
   * Tells the store, and returns what the herd now knows unless it knew something newer.
   * @throws HttpError saying what is wrong with the report, or that it needs a time of its own here
   */
  ingest({ client, position, time }: ReportInput): Location {
    const { clockProblem } = this.status;
    // Its time would be this server's, and with a clock that is ahead it would stand against all later reports until that time comes.
    if (time === undefined && clockProblem !== '') {
      throw new HttpError(503, `the report has no time of its own, and ${clockProblem}`);
    }
    const receivedAt = this.clock.now();
    const [positionText, timeText] = [bytesOf(position), bytesOf(time ?? formatInstant(receivedAt))];
    const line = `IAMAT ${this.parseClientId(client)} ${positionText} ${timeText}`;
    const command = parseCommand(line, { maxCount: 0, maxRadiusKm: 0, maxClientIdBytes: this.limits.maxClientIdBytes });
    if (command.kind !== 'IAMAT') throw new HttpError(400, describeProblem(positionText, timeText));
    if (line.length > this.limits.maxLineBytes) throw new HttpError(400, 'the report is longer than a line may be');
    if (isTooFarAhead(command.instant, receivedAt, this.limits.maxFutureSkewMs)) {
      throw new HttpError(
        400,
        `time is more than ${this.limits.maxFutureSkewMs / 1_000} s ahead of the server's clock`,
      );
    }
    const location = locationFromReport(command, this.server, formatSkew(receivedAt, command.instant));
    this.gateway.report(location);
    return location;
  }

  /**
   * A text as a client's ID.
   * @throws HttpError if it cannot be one
   */
  parseClientId(text: string): ClientId {
    const { maxClientIdBytes } = this.limits;
    const id = bytesOf(text);
    if (/^[^\t-\r ]+$/.test(id) && id.length <= maxClientIdBytes) return asClientId(id);
    throw new HttpError(400, `a client ID is one word without white space, of at most ${maxClientIdBytes} bytes`);
  }
}

/** What is wrong with a report that is none. */
function describeProblem(position: ByteString, time: ByteString): string {
  const problems = [
    ...(parsePosition(position) === undefined ? ['position must be degrees as in +34.068930-118.445127'] : []),
    ...(parseTime(time) === undefined ? ['time must be POSIX seconds as in 1400794645.392'] : []),
    ...(position.length > maxReportFieldBytes ? [`position is longer than ${maxReportFieldBytes} bytes`] : []),
    ...(time.length > maxReportFieldBytes ? [`time is longer than ${maxReportFieldBytes} bytes`] : []),
  ];
  return problems.join(', and ');
}
