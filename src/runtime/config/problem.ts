/** A problem that the schema cannot detect, and the path of the value in the document. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/**
 * Problem of a secret that is written literally in the file.
 * @param variable an environment variable that it might be kept in
 */
export function literalSecretProblem(path: readonly string[], variable: string): Problem {
  return {
    path,
    text: `${path.join('.')}: must be an environment variable, such as \${${variable}}, not a literal secret`,
  };
}
