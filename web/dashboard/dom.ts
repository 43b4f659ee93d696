/** Makes an element with its properties and what is in it. Text is text: nothing that a client says becomes markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const created = Object.assign(document.createElement(tag), properties);
  created.append(...content);
  return created;
}

/** Makes an element of a drawing. */
export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>>,
  ...content: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  const created = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, String(value));
  created.append(...content);
  return created;
}

/**
 * The element of the page with an id.
 * @throws if the page has none of that kind
 */
export function byId<Kind extends Element>(id: string, kind: abstract new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * The only element of a kind inside another.
 * @throws if there is none
 */
export function findInside<Kind extends Element>(outer: Element, tag: string, kind: abstract new () => Kind): Kind {
  const found = outer.querySelector(tag);
  if (!(found instanceof kind)) throw new Error(`#${outer.id} has no ${tag}`);
  return found;
}

/** Writes a text where it is not written yet; writing it again would cost a layout. */
export function setText(into: Element, text: string): void {
  if (into.textContent !== text) into.textContent = text;
}
