// Options of the commands, as commander parses them.

export interface ConfigOption {
  readonly config?: string;
}

export interface StartOptions extends ConfigOption {
  readonly processes?: true;
  /** File to which upstream responses are recorded. */
  readonly record?: string;
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
  readonly runs?: string;
  readonly time?: string;
  readonly seed?: string;
  readonly keepGoing?: true;
}

export interface ServeOptions extends ConfigOption {
  /** Base URL of the parent's sample service, if it has one. */
  readonly sample?: string;
  /** Reports all events to the parent, for a simulation. */
  readonly instrumented?: true;
}

export interface QueryOptions extends ConfigOption {
  readonly server?: string;
}

export interface StatusOptions extends ConfigOption {
  readonly watch?: true;
  readonly json?: true;
}

export interface NearOptions extends QueryOptions {
  /** Kilometres. */
  readonly radius: string;
  readonly count: string;
}
