import type { ValuePath } from './describe-issue.js';

/** Source of a config. */
export interface ConfigSource {
  /** The config as plain data. */
  readonly value: unknown;
  /** Problems of environment variables that are not set and may be missing. Values keep the placeholder then. */
  readonly missing: readonly string[];
  /** Prefixes a problem with the position of the value at the path, as far as it is known. */
  describeAt(path: ValuePath, text: string): string;
  /** Whether the value at the path comes from an environment variable: secrets must. */
  isFromEnvironment(path: ValuePath): boolean;
}

/** A configuration passed by a program: it has no line numbers. */
export class ObjectSource implements ConfigSource {
  readonly missing = [];

  constructor(
    private readonly name: string,
    readonly value: unknown,
  ) {}

  describeAt(_: ValuePath, text: string): string {
    return `${this.name}: ${text}`;
  }

  isFromEnvironment(): boolean {
    return true;
  }
}
