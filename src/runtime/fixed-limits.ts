/*
 * Fixed limits that both the parts that keep them and the memory bound need. A module of its own, because the database and the
 * listeners are loaded only where they are used.
 */

/**
 * Maximum number of location changes queued for the disk. Beyond it the queue is dropped and the whole store is written again, so
 * that a disk that is full for a day does not cost memory for every client ever seen.
 */
export const maxDiskChanges = 50_000;

/** Maximum concurrent TLS handshakes of clients. More do not complete within their timeout of 10 s on one core. */
export const defaultMaxTlsHandshakes = 10_000;

/**
 * Maximum connections to the peer port whose remote end is not authenticated yet: in the TLS handshake, in the greeting, or rejected
 * and not closed yet. At most the spare connections of a listener, so that they cannot use up the places of neighbours.
 */
export const maxUnauthenticatedPeers = 256;
