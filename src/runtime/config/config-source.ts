import type { z } from 'zod';

export type Path = readonly PropertyKey[];

/** Where a config comes from. */
export interface ConfigSource {
  /** The config as plain data. */
  readonly value: unknown;
  /** Variables of the environment that are named and not set, each as a problem. Their names stand in their places. */
  readonly lacking: readonly string[];
  /** A problem, with where the value at the path stands as far as that can be said. */
  at(path: Path, text: string): string;
  /** Whether the value at the path stands in no file: a secret must not. */
  isFromEnvironment(path: Path): boolean;
}

/** A config that a program made: there are no lines to name. */
export class ObjectSource implements ConfigSource {
  readonly lacking = [];

  constructor(
    private readonly name: string,
    readonly value: unknown,
  ) {}

  at(_: Path, text: string): string {
    return `${this.name}: ${text}`;
  }

  isFromEnvironment(): boolean {
    return true;
  }
}

/** What the schema found, one sentence a problem. */
export function describeIssue(source: ConfigSource, issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      source.at([...issue.path, key], `there is no setting ${nameOf([...issue.path, key])}`),
    );
  }
  const text = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [source.at(issue.path, issue.path.length === 0 ? text : `${nameOf(issue.path)}: ${text}`)];
}

function nameOf(path: Path): string {
  return path.map(String).join('.');
}
