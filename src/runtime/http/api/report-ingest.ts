import type { FastifyRequest } from 'fastify';
import type { ActorGateway } from '../../../actors/client/actor-gateway.js';
import type { Clock } from '../../../actors/ports/clock.js';
import type { Limits } from '../../../actors/ports/limits.js';
import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import type { Location } from '../../../protocol/place/location.js';
import { acceptReport, parseClientId, parseReport } from '../../../protocol/place/report.js';
import { formatInstant } from '../../../protocol/place/time.js';
import { bytesOf } from '../../../protocol/text/bytes.js';
import type { StatusTracker } from '../../observe/metrics/status-tracker.js';
import type { AuthHook } from '../auth/auth-hook.js';
import type { AccessLog } from '../server/access-log.js';
import { HttpError } from '../server/http-error.js';

/** A report as received over HTTP. */
export interface ReportInput {
  readonly client: string;
  /** ISO 6709. */
  readonly position: string;
  /** POSIX seconds; undefined for the time of receipt. */
  readonly time: string | undefined;
}

/** Services that a report needs on its way from a route to the store. */
interface ReportIngestDependencies {
  readonly gateway: Pick<ActorGateway, 'report'>;
  readonly authHook: AuthHook;
  readonly accessLog: AccessLog;
  readonly clock: Clock;
  readonly server: ServerId;
  readonly limits: Limits;
  readonly status: Pick<StatusTracker, 'clockProblem'>;
}

/** Bytes of an IAMAT besides client ID, position and time: its name and three spaces. */
const iamatOverheadBytes = 'IAMAT   '.length;

/** Accepts reports over HTTP by the rules of IAMAT: authorizes and validates them, and passes them to the store. */
export class ReportIngest {
  constructor(private readonly dependencies: ReportIngestDependencies) {}

  /**
   * Passes a report to the store and returns its location, which the herd now holds unless it had a newer one.
   * @throws HttpError if the report is not valid, or the requester is not authorized to make it
   */
  accept(request: FastifyRequest, report: ReportInput): Location {
    const { accessLog, authHook, gateway } = this.dependencies;
    const { client, position, time } = report;
    const text = ['IAMAT', client, position, ...(time === undefined ? [] : [time])].join(' ');
    accessLog.recordReport(request, bytesOf(client), bytesOf(text));
    const clientId = this.parseClientId(client);
    authHook.authorizeReport(request, clientId);
    const location = this.locate(clientId, report);
    gateway.report(location);
    accessLog.recordAccepted(request, location);
    return location;
  }

  /** Records a report that is not accepted although its response says that it is: its app would otherwise send it again forever. */
  ignore(request: FastifyRequest, reason: string, client?: string): void {
    this.dependencies.accessLog.recordIgnored(request, reason, client);
  }

  /** @throws HttpError if the text is not a valid client ID */
  parseClientId(text: string): ClientId {
    const { maxClientIdBytes } = this.dependencies.limits;
    const client = parseClientId(bytesOf(text), maxClientIdBytes);
    if (client !== undefined) return client;
    throw new HttpError(400, `client ID must be one word without white space, of at most ${maxClientIdBytes} bytes`);
  }

  private locate(client: ClientId, { position, time }: ReportInput): Location {
    const { clock, server, status, limits } = this.dependencies;
    const { clockProblem } = status;
    // Its time would be this server's: with a clock that is ahead, it would supersede all later reports until that time.
    if (time === undefined && clockProblem !== '') {
      throw new HttpError(503, `reports must include a time at present: ${clockProblem}`);
    }
    const receivedAt = clock.now();
    const report = parseReport(client, bytesOf(position), bytesOf(time ?? formatInstant(receivedAt)));
    if ('problems' in report) throw new HttpError(400, report.problems.join(', and '));
    const bytes = iamatOverheadBytes + client.length + report.position.length + report.time.length;
    if (bytes > limits.maxLineBytes) {
      throw new HttpError(400, `report must have at most ${limits.maxLineBytes} bytes as an IAMAT (it has ${bytes})`);
    }
    const location = acceptReport(report, receivedAt, server, limits.maxFutureSkewMs);
    if (location !== undefined) return location;
    const maxFutureSkewSeconds = limits.maxFutureSkewMs / 1_000;
    throw new HttpError(400, `time must be at most ${maxFutureSkewSeconds} s ahead of the server's clock`);
  }
}
