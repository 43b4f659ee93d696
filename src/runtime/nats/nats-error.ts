import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { AuthorizationError, ConnectionError, PermissionViolationError, TimeoutError } from '@nats-io/transport-node';

/** Something about NATS that people have to hear of. */
export class NatsError extends Error {
  readonly code = 'HERD_NATS';
}

/** How the library says that a socket was closed, and that nobody said why. */
const withoutWords = 'undefined error';

const hungUp = 'what listens there hung up without a word: a nats-server that starts or stops, or something else';

/** What went wrong, in words for people, without secrets. */
export function reasonOf(error: unknown): string {
  if (error instanceof NatsError) return error.message;
  if (error instanceof AuthorizationError) return `NATS does not let this server in: ${error.message}`;
  if (error instanceof PermissionViolationError) return `NATS does not permit it: ${error.message}`;
  if (error instanceof ConnectionError && error.message.endsWith(withoutWords)) return hungUp;
  if (error instanceof TimeoutError) return 'no answer from NATS in time';
  if (error instanceof JetStreamApiError) return `JetStream says: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  // The library gives it for whatever nobody answers; its class is not exported.
  if (error.name === 'JetStreamNotEnabled')
    return 'nobody answers for JetStream: it is not enabled, or has no leader yet';
  return error.message;
}

/** Whether a write was not taken because something else stands there than its writer knew of. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}
