// The elements that the page is made of.

export function element(name, text = "", attributes = {}) {
  const made = Object.assign(document.createElement(name), { textContent: text });
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export function box(name, attributes, ...children) {
  const made = element(name, "", attributes);
  made.append(...children);
  return made;
}

/** A text with its `code`. */
export const prose = (name, text, attributes = {}) =>
  box(name, attributes, ...text.split("`").map((part, n) => (n % 2 ? element("code", part) : document.createTextNode(part))));

/** A block that scrolls, with the keyboard too. */
export const code = (text, label) => element("pre", text, { tabindex: "0", role: "group", "aria-label": label });

export const method = (name) => element("span", name.toUpperCase(), { class: `method ${name}` });

/** A heading that is a link to itself. */
export const anchored = (name, id, ...children) =>
  box(name, { id }, box("a", { href: `#${id}` }, ...children));
