import type { z } from 'zod';
import { closestMatch } from './did-you-mean.js';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

/** Descriptions of expected types, by zod's name of the type. */
const typeDescriptions: Readonly<Record<string, string>> = {
  object: 'an object, such as { key: value }',
  record: 'an object, such as { key: value }',
  array: 'a list, such as [a, b]',
  tuple: 'a list, such as [a, b]',
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
};

/**
 * Zod error map with messages for people: `schema.safeParse(value, { error: herdErrorMap })`. Messages that a schema defines
 * itself take precedence.
 */
export function herdErrorMap(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return expectedText(issue.input, typeDescriptions[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return suggestOrList(issue.input, issue.values.map(String));
    case 'too_small':
      return boundText(issue.origin, 'at least', Number(issue.minimum));
    case 'too_big':
      return boundText(issue.origin, 'at most', Number(issue.maximum));
    case 'invalid_union':
      return unionText(issue);
    case 'invalid_format':
      return 'has an invalid format';
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return undefined;
  }
}

/** Message for a value that is not one of the allowed words: the closest match, or what is expected. */
export function suggestOrList(
  value: unknown,
  allowed: readonly string[],
  expected = listAlternatives(allowed),
): string {
  const nearest = typeof value === 'string' ? closestMatch(value, allowed) : undefined;
  return nearest === undefined
    ? expectedText(value, expected)
    : `invalid value "${String(value)}"; did you mean ${nearest}?`;
}

function listAlternatives(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? String(alternatives[0]) : `one of ${alternatives.join(', ')}`;
}

function expectedText(value: unknown, expected: string): string {
  return value === undefined ? `is required; expected ${expected}` : `must be ${expected}`;
}

function boundText(origin: string, bound: 'at least' | 'at most', count: number): string {
  if (origin === 'array') return `must be a list of ${bound} ${count}`;
  if (origin === 'string') return count === 1 ? 'must not be empty' : `must have ${bound} ${count} characters`;
  return `must be ${bound} ${count}`;
}

function unionText(issue: Extract<Issue, { code: 'invalid_union' }>): string | undefined {
  const { discriminator, options, input, errors } = issue;
  if (discriminator !== undefined && Array.isArray(options)) {
    const value = (input as Readonly<Record<string, unknown>>)[discriminator];
    return suggestOrList(value, options.map(String));
  }
  const values = errors.flat().flatMap((error) => (error.code === 'invalid_value' ? error.values.map(String) : []));
  return values.length > 0 && values.length === errors.length ? suggestOrList(input, values) : undefined;
}
