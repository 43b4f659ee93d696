import { z } from 'zod';
import { ConfigError } from '../../runtime/errors.js';
import { sentenceOf } from '../../runtime/config/error-map.js';
import type { YamlSource } from '../../runtime/config/yaml-source.js';
import { insteadOf } from '../../runtime/config/did-you-mean.js';

type Path = readonly PropertyKey[];

/** Gathers what is wrong with one file, so that all of it is told at once. */
export class Problems {
  private readonly found: string[] = [];

  constructor(private readonly source: YamlSource) {}

  /** Notes something that is wrong with the value at a path. */
  add(path: Path, text: string): void {
    this.found.push(this.source.at(path, text));
  }

  /** Reads a value by its schema; undefined, and noted, if it does not fit. */
  read<Schema extends z.ZodType>(schema: Schema, value: unknown, path: Path): z.output<Schema> | undefined {
    const { success, data, error } = schema.safeParse(value, { error: sentenceOf });
    if (success) return data;
    for (const issue of error.issues) this.describe(schema, issue, path);
    return undefined;
  }

  /** @throws ConfigError if anything was noted */
  throwIfAny(): void {
    if (this.found.length > 0) throw new ConfigError(this.found);
  }

  private describe(schema: z.ZodType, issue: z.core.$ZodIssue, path: Path): void {
    const at = [...path, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const words = wordsAt(schema, issue.path);
      for (const key of issue.keys) this.add([...at, key], `there is no word "${key}" here; ${insteadOf(key, words)}`);
      return;
    }
    const what = at.map(String).join('.');
    const text = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    this.add(at, what === '' ? text : `${what}: ${text}`);
  }
}

/** The words that an object of a schema may have. */
function wordsAt(schema: unknown, path: Path): string[] {
  const object = unwrapped(schema);
  if (object instanceof z.ZodObject) {
    const [key, ...rest] = path;
    return key === undefined ? Object.keys(object.shape) : wordsAt(object.shape[String(key)], rest);
  }
  if (object instanceof z.ZodUnion) return object.options.flatMap((option) => wordsAt(option, path));
  return [];
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrapped(schema.unwrap());
  }
  return schema;
}
