import type { FastifyRequest } from 'fastify';
import type { Location } from '../../../protocol/place/location.js';
import type { AuthHook } from '../auth/auth-hook.js';
import type { AccessLog } from '../server/access-log.js';
import type { ReportIngest, ReportInput } from './report-ingest.js';

/** Takes the reports that come over HTTP, of those who may make them; what they say and what becomes of them is written down. */
export class ReportHandler {
  constructor(
    private readonly ingest: ReportIngest,
    private readonly authHook: AuthHook,
    private readonly accessLog: AccessLog,
  ) {}

  /**
   * Takes a report; returns what the herd now knows unless it knew something newer.
   * @throws HttpError saying what is wrong with it, or why whoever sent it may not
   */
  accept(request: FastifyRequest, report: ReportInput): Location {
    this.accessLog.recordReport(request, report);
    this.authHook.authorizeReport(request, this.ingest.parseClientId(report.client));
    const location = this.ingest.ingest(report);
    this.accessLog.recordAccepted(request, location);
    return location;
  }

  /** Leaves a report that cannot be taken, of a client if it says of which, where whoever sent it is to hear that all is well. */
  ignore(request: FastifyRequest, reason: string, client?: string): void {
    this.accessLog.recordIgnored(request, reason, client);
  }
}
