type Method = (this: object, ...parameters: readonly unknown[]) => unknown;

/** The bugs that are planted, and how to dig them up. */
const restores: (() => void)[] = [];

/**
 * Plants a bug in an actor of production: a method of its class is replaced until `restoreMethods`.
 *
 * @param replacement gets the actor, what the method was called with, and the method as it was
 */
export function injectBug<Actor extends object>(
  actors: { readonly prototype: Actor },
  name: string,
  replacement: (actor: Actor, parameters: readonly unknown[], callOriginal: () => unknown) => unknown,
): void {
  const { prototype } = actors;
  const callOriginal = Reflect.get(prototype, name) as Method | undefined;
  if (callOriginal === undefined) throw new Error(`there is no method ${name} to plant a bug in`);
  restores.push(() => Reflect.set(prototype, name, callOriginal));
  const buggy: Method = function (...parameters) {
    return replacement(this as Actor, parameters, () => Reflect.apply(callOriginal, this, parameters));
  };
  Reflect.set(prototype, name, buggy);
}

/** Makes all actors sound again. */
export function restoreMethods(): void {
  for (const restore of restores.splice(0)) restore();
}
