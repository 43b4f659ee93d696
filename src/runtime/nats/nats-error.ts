import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { AuthorizationError, ConnectionError, PermissionViolationError, TimeoutError } from '@nats-io/transport-node';

/** Error of the connection to NATS, with a message for operators. */
export class NatsError extends Error {
  readonly code = 'HERD_NATS';
}

/** End of the library's message for a connection closed without a reason. */
const noReasonText = 'undefined error';

const closedWithoutReason = 'connection closed without a reason (nats-server starting or stopping?)';

/** Describes an error for operators, without secrets. */
export function reasonOf(error: unknown): string {
  if (error instanceof NatsError) return error.message;
  if (error instanceof AuthorizationError) return `NATS authentication failed: ${error.message}`;
  if (error instanceof PermissionViolationError) return `NATS permission denied: ${error.message}`;
  if (error instanceof ConnectionError && error.message.endsWith(noReasonText)) return closedWithoutReason;
  if (error instanceof TimeoutError) return 'no response from NATS in time';
  if (error instanceof JetStreamApiError) return `JetStream error: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  // The library throws it for every request without a responder; its class is not exported.
  if (error.name === 'JetStreamNotEnabled') return 'JetStream is unavailable (not enabled, or no leader)';
  return error.message;
}

/** Whether a write was rejected because the revision has changed. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}
