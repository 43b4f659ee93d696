import type { Problem } from './problems.js';

/**
 * A secret that stands in the file, where whoever reads that has it.
 * @param variable an environment variable that it might be kept in
 */
export function standsInFile(path: readonly string[], variable: string): Problem {
  return { path, text: `${path.join('.')} must be the name of an environment variable, as in \${${variable}}` };
}
