/** Names and, for each, the JSON of its value. */
export type JsonFields = Readonly<Record<string, string>>;

/** A JSON object of values that are JSON already, in the order given: the way to write a number that no double holds. */
export function formatJsonObject(fields: JsonFields): string {
  const members = Object.entries(fields).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${members.join(',')}}`;
}
