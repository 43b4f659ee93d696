import {
  AuthorizationError,
  ConnectionError,
  TimeoutError,
  UserAuthenticationExpiredError,
  type PermissionViolationError,
} from '@nats-io/transport-node';

/** Error of the connection to NATS, with a message for operators. */
export class NatsError extends Error {
  readonly code = 'HERD_NATS';
}

/** End of the library's message for a connection closed without a reason. */
const noReasonText = 'undefined error';

const closedWithoutReason = 'connection closed without a reason (nats-server starting or stopping?)';

/** Describes an error for operators, without secrets. */
export function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError)
    return `NATS authentication failed: ${error.message}`;
  if (error instanceof ConnectionError && error.message.endsWith(noReasonText)) return closedWithoutReason;
  if (error instanceof TimeoutError) return 'no response from NATS in time';
  return error instanceof Error ? error.message : String(error);
}

/** Describes a missing permission, and what permissions a server needs. */
export function permissionReason({ operation, subject }: PermissionViolationError, subjectName: string): string {
  const verb = operation === 'publish' ? 'publish to' : 'subscribe to';
  return `NATS permission denied: the user may not ${verb} ${subject}; it must be allowed to publish and subscribe to herd.${subjectName}.>`;
}
