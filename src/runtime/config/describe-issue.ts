import { z } from 'zod';
import { didYouMean } from './did-you-mean.js';

export type ValuePath = readonly PropertyKey[];

/** A problem with the value at `path`: one sentence that names the value. */
export interface DescribedIssue {
  readonly path: ValuePath;
  readonly text: string;
}

/** Describes what a schema found for people, with suggestions for unknown keys. The schema must be parsed with `herdErrorMap`. */
export function describeIssue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  parentPath: ValuePath = [],
): DescribedIssue[] {
  const path = [...parentPath, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    // The key may be known for another kind of the same union.
    const allowedKeys = allowedKeysAt(schema, issue.path).filter((key) => !issue.keys.includes(key));
    return issue.keys.map((key) => ({
      path: [...path, key],
      text: `${formatPath([...path, key])}: unknown key; ${didYouMean(key, [...new Set(allowedKeys)])}`,
    }));
  }
  const text = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ path, text: path.length === 0 ? text : `${formatPath(path)}: ${text}` }];
}

function formatPath(path: ValuePath): string {
  return path.map(String).join('.');
}

/** The keys that the object at `path` may have by its schema. */
function allowedKeysAt(schema: unknown, path: ValuePath): string[] {
  const unwrapped = unwrapSchema(schema);
  const [key, ...rest] = path;
  if (unwrapped instanceof z.ZodObject) {
    return key === undefined ? Object.keys(unwrapped.shape) : allowedKeysAt(unwrapped.shape[String(key)], rest);
  }
  if (unwrapped instanceof z.ZodRecord && key !== undefined) return allowedKeysAt(unwrapped.valueType, rest);
  if (unwrapped instanceof z.ZodUnion) return unwrapped.options.flatMap((option) => allowedKeysAt(option, path));
  return [];
}

function unwrapSchema(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrapSchema(schema.unwrap());
  }
  return schema;
}
