/** Creates an element with properties and content. Strings become text nodes, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const created = Object.assign(document.createElement(tag), properties);
  created.append(...content);
  return created;
}

/** Creates an SVG element with attributes and content. */
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
 * Returns the element with an id.
 * @throws if there is no such element of that type
 */
export function byId<Kind extends Element>(id: string, kind: abstract new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * Returns the first descendant that matches a selector.
 * @throws if there is none of that type
 */
export function findInside<Kind extends Element>(
  outer: Element,
  selector: string,
  kind: abstract new () => Kind,
): Kind {
  const found = outer.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`#${outer.id} has no ${selector}`);
  return found;
}

/** Sets a text unless it is set already, which would cost a layout. */
export function setText(into: Element, text: string): void {
  if (into.textContent !== text) into.textContent = text;
}
