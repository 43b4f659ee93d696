import type { FastifyRequest } from 'fastify';
import type { Location } from '../../../protocol/place/location.js';
import type { Gate } from '../auth/auth-hook.js';
import type { Journal } from '../server/access-log.js';
import type { Reception, Reported } from './report-ingest.js';

/** Takes the reports that come over HTTP, of those who may make them; what they say and what becomes of them is written down. */
export class Reports {
  constructor(
    private readonly reception: Reception,
    private readonly gate: Gate,
    private readonly journal: Journal,
  ) {}

  /**
   * Takes a report; returns what the herd now knows unless it knew something newer.
   * @throws HttpError saying what is wrong with it, or why whoever sent it may not
   */
  take(request: FastifyRequest, report: Reported): Location {
    this.journal.heard(request, report);
    this.gate.checkReport(request, this.reception.clientIdOf(report.client));
    const location = this.reception.take(report);
    this.journal.took(request, location);
    return location;
  }

  /** Leaves a report that cannot be taken, of a client if it says of which, where whoever sent it is to hear that all is well. */
  ignore(request: FastifyRequest, why: string, client?: string): void {
    this.journal.ignored(request, why, client);
  }
}
