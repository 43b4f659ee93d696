/** Returns the names that occur more than once in a list, each once. */
export function findDuplicates<Name extends string>(names: readonly Name[]): Name[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
