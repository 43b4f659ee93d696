type Method = (this: object, ...parameters: readonly unknown[]) => unknown;

/** The bugs that are planted, and how to dig them up. */
const planted: (() => void)[] = [];

/**
 * Plants a bug in an actor of production: a method of its class is replaced until `digUp`.
 *
 * @param replacement gets the actor, what the method was called with, and the method as it was
 */
export function plant<Actor extends object>(
  actors: { readonly prototype: Actor },
  name: string,
  replacement: (actor: Actor, parameters: readonly unknown[], sound: () => unknown) => unknown,
): void {
  const { prototype } = actors;
  const sound = Reflect.get(prototype, name) as Method | undefined;
  if (sound === undefined) throw new Error(`there is no method ${name} to plant a bug in`);
  planted.push(() => Reflect.set(prototype, name, sound));
  const buggy: Method = function (...parameters) {
    return replacement(this as Actor, parameters, () => Reflect.apply(sound, this, parameters));
  };
  Reflect.set(prototype, name, buggy);
}

/** Makes all actors sound again. */
export function digUp(): void {
  for (const restore of planted.splice(0)) restore();
}
