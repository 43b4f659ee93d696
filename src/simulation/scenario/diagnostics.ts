import type { z } from 'zod';
import { ConfigError } from '../../runtime/errors.js';
import { herdErrorMap } from '../../runtime/config/error-map.js';
import type { YamlSource } from '../../runtime/config/yaml-source.js';
import { describeIssue, type ValuePath } from '../../runtime/config/describe-issue.js';

/** Collects the problems of one file, so that all of them are reported at once. */
export class Diagnostics {
  private readonly messages: string[] = [];

  constructor(private readonly source: YamlSource) {}

  /** Adds a problem with the value at a path. */
  add(path: ValuePath, text: string): void {
    this.messages.push(this.source.describeAt(path, text));
  }

  /** Parses a value with a schema; undefined, with its problems added, if it does not fit. */
  read<Schema extends z.ZodType>(schema: Schema, value: unknown, path: ValuePath): z.output<Schema> | undefined {
    const { success, data, error } = schema.safeParse(value, { error: herdErrorMap });
    if (success) return data;
    for (const issue of error.issues) {
      for (const described of describeIssue(schema, issue, path)) this.add(described.path, described.text);
    }
    return undefined;
  }

  /** @throws ConfigError if there is any problem */
  throwIfAny(): void {
    if (this.messages.length > 0) throw new ConfigError(this.messages);
  }
}
