/** A place on Earth in decimal degrees; north and east are positive. */
export interface Coordinates {
  /** -90 to 90. */
  readonly latitude: number;
  /** -180 to 180. */
  readonly longitude: number;
}

/** Where a client was, when, and which server of the herd first heard of it. */
export interface HerdLocation {
  /** The client's ID. Bytes that are no UTF-8 stand here as U+FFFD. */
  readonly client: string;
  /** Digits that a number has no room for are in `line`. */
  readonly position: Coordinates;
  /** POSIX seconds as the client wrote them: a number does not hold nanoseconds. */
  readonly time: string;
  /** The server that first got it. */
  readonly server: string;
  /** That server's receipt time minus `time` in seconds, signed, to the nanosecond: `+0.563873386`. */
  readonly skew: string;
  /** The whole AT line. */
  readonly line: string;
}
