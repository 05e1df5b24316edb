// A text field that offers names: what is typed is looked for without case and accents, and in other spellings too.

import { folded } from "../../words.js";

const MOST = 80;

/**
 * `names()` gives the names to offer first and the others, and `spellings()` from a folded spelling to a name. What is typed
 * stays as it is: any name may be asked about.
 */
export function prepareCombo(input, list, names, spellings) {
  let active = -1;
  const options = () => [...list.children];
  const isOpen = () => !list.hidden;

  function point(at) {
    active = at;
    options().forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    const option = options()[at];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    point(-1);
  }

  function open(all) {
    const found = matching(all ? "" : input.value, names(), spellings()).slice(0, MOST);
    list.replaceChildren(...found.map((name, n) =>
      Object.assign(document.createElement("li"), { id: `${list.id}-${n}`, role: "option", textContent: name })));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(isOpen()));
    point(-1);
  }

  function take(option) {
    input.value = option.textContent;
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    close(); // the event has opened it again
  }

  input.addEventListener("input", () => open(false));
  input.addEventListener("click", () => open(true));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      if (!isOpen()) open(true);
      point((active + move + options().length) % options().length || 0);
    } else if (event.key === "Enter" && isOpen() && active >= 0) {
      event.preventDefault();
      take(options()[active]);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => event.target.role === "option" && take(event.target));
}

/** Names whose words begin with what is typed before those that only hold it, and those to offer first before the others. */
function matching(text, { first, others }, spellings) {
  const typed = folded(text);
  const all = [...first, ...others];
  if (!typed) return all;
  const meant = new Set(Object.entries(spellings).filter(([spelling]) => spelling.startsWith(typed)).map(([, name]) => name));
  const rank = (name) => {
    const plain = folded(name);
    if (plain.startsWith(typed)) return 0;
    if (meant.has(name) || plain.split(/[\s(/.-]+/).some((word) => word.startsWith(typed))) return 1;
    return plain.includes(typed) ? 2 : 3;
  };
  return all.filter((name) => rank(name) < 3).sort((a, b) => rank(a) - rank(b));
}
