import type { z } from 'zod';
import { nearestWord } from './did-you-mean.js';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

/** What a value must be, by the name of its type. */
const kinds: Readonly<Record<string, string>> = {
  object: 'words and their values, as in { word: value }',
  record: 'words and their values, as in { word: value }',
  array: 'a list, as in [one, other]',
  tuple: 'a list, as in [one, other]',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/**
 * What is said of a value that does not fit, for people; undefined where nothing better is known than what the library says.
 * Schemas that have words of their own keep them: `schema.safeParse(value, { error: sentenceOf })`.
 */
export function sentenceOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(issue.input, kinds[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return wordInstead(issue.input, issue.values.map(String));
    case 'too_small':
      return boundText(issue.origin, 'at least', Number(issue.minimum));
    case 'too_big':
      return boundText(issue.origin, 'at most', Number(issue.maximum));
    case 'invalid_union':
      return unionText(issue);
    default:
      return undefined;
  }
}

/** What is said of a value where only some words can stand: the nearest of them, or what must be there. */
export function wordInstead(written: unknown, words: readonly string[], otherwise = oneOf(words)): string {
  const nearest = typeof written === 'string' ? nearestWord(written, words) : undefined;
  return nearest === undefined
    ? mustBe(written, otherwise)
    : `there is no "${String(written)}" here; did you mean ${nearest}?`;
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`;
}

function mustBe(written: unknown, what: string): string {
  return written === undefined ? `is missing; it must be ${what}` : `must be ${what}`;
}

function boundText(origin: string, bound: 'at least' | 'at most', count: number): string {
  if (origin === 'array') return `must be a list of ${bound} ${count}`;
  if (origin === 'string') return count === 1 ? 'must not be empty' : `must have ${bound} ${count} characters`;
  return `must be ${bound} ${count}`;
}

function unionText(issue: Extract<Issue, { code: 'invalid_union' }>): string | undefined {
  const { discriminator, options, input, errors } = issue;
  if (discriminator !== undefined && Array.isArray(options)) {
    const written = (input as Readonly<Record<string, unknown>>)[discriminator];
    return wordInstead(written, options.map(String));
  }
  const values = errors.flat().flatMap((each) => (each.code === 'invalid_value' ? each.values.map(String) : []));
  return values.length > 0 && values.length === errors.length ? wordInstead(input, values) : undefined;
}
