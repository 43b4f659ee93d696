/** Position in the drawing, in its own units. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Size of the drawing. */
export const drawing = { width: 480, height: 350 } as const;

/** Largest herd for which all orders are tried. */
const maxExhaustive = 7;

/** Centre of the drawing, where the broker is drawn. */
export const middle: Place = { x: drawing.width / 2, y: drawing.height / 2 + 2 };

/** Places servers on an ellipse so that few links cross. A single server is in the centre, unless the broker is there. */
export function computeLayout(
  servers: readonly string[],
  links: readonly (readonly [string, string])[],
  broker?: string,
): Map<string, Place> {
  const order = servers.length <= maxExhaustive ? bestOrder(servers, links) : servers;
  const isSingle = order.length === 1 && broker === undefined;
  const places = new Map(
    order.map((server, index) => {
      const angle = (2 * Math.PI * index) / order.length - Math.PI / 2;
      const place = { x: middle.x + 175 * Math.cos(angle), y: middle.y + 102 * Math.sin(angle) };
      return [server, isSingle ? middle : place];
    }),
  );
  if (broker !== undefined) places.set(broker, middle);
  return places;
}

/** Order around the ellipse with the fewest crossings and then the shortest links. The first server stays first. */
function bestOrder(servers: readonly string[], links: readonly (readonly [string, string])[]): readonly string[] {
  const [first, ...rest] = servers;
  if (first === undefined) return [];
  let [best, lowestCost] = [servers, Infinity];
  for (const order of permutationsOf(rest)) {
    const candidate = [first, ...order];
    const cost = costOf(candidate, links);
    if (cost < lowestCost) [best, lowestCost] = [candidate, cost];
  }
  return best;
}

function* permutationsOf(names: readonly string[]): Generator<readonly string[]> {
  if (names.length === 0) yield [];
  for (const [index, name] of names.entries()) {
    for (const rest of permutationsOf(names.toSpliced(index, 1))) yield [name, ...rest];
  }
}

function costOf(order: readonly string[], links: readonly (readonly [string, string])[]): number {
  const ends = links.map(([a, b]) => [order.indexOf(a), order.indexOf(b)].sort((one, other) => one - other));
  let cost = 0;
  for (const [index, [from = 0, to = 0]] of ends.entries()) {
    cost += Math.min(to - from, order.length - (to - from));
    for (const [otherFrom = 0, otherTo = 0] of ends.slice(index + 1)) {
      const inside = (end: number): boolean => end > from && end < to;
      const shared = [from, to].some((end) => end === otherFrom || end === otherTo);
      if (!shared && inside(otherFrom) !== inside(otherTo)) cost += 100;
    }
  }
  return cost;
}
