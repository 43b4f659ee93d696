import { HerdClientError } from '../../src/client/errors.js';

/** The code with which a promise is rejected. */
export async function rejectionCode(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  return outcome instanceof HerdClientError ? outcome.code : String(outcome);
}
