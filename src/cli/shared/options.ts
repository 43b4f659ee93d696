/** The config that a command means, if it was named. */
export interface ConfigOption {
  readonly config?: string;
}

export interface StartOptions extends ConfigOption {
  readonly processes?: true;
}

export interface SimulateOptions {
  /** As typed. */
  readonly seed?: string;
  /** As typed; undefined for the default. */
  readonly environment?: string;
  /** Folder for reports. */
  readonly report?: string;
  /** Runs on real sockets and serves the dashboard of that herd. */
  readonly live?: true;
}

export interface FuzzCommandOptions {
  /** As typed. */
  readonly runs?: string;
  /** As typed. */
  readonly time?: string;
  /** As typed. */
  readonly seed?: string;
  readonly keepGoing?: true;
}

export interface ServeOptions extends ConfigOption {
  /** The address of the sample service, where there is one. */
  readonly sample?: string;
  /** A simulation watches: everything that happens is told to the parent. */
  readonly instrumented?: true;
}

export interface QueryOptions extends ConfigOption {
  /** The server to ask. */
  readonly server?: string;
}

export interface StatusOptions extends ConfigOption {
  readonly watch?: true;
  readonly json?: true;
}

export interface NearOptions extends QueryOptions {
  /** Kilometres, as typed. */
  readonly radius: string;
  /** As typed. */
  readonly count: string;
}
