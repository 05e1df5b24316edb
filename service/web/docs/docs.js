// openapi.json as a page: every operation with its schemas, examples and a form that asks this server.

import * as key from "../key.js";
import { load, tagged } from "./description.js";
import { anchored, box, element, method as badge, prose } from "./elements.js";
import { namesKeys, tryIt } from "./form.js";
import { answers, parameters, requestBody } from "./schema.js";

const at = (id) => document.getElementById(id);
const slug = (name) => `tag-${name.toLowerCase().replaceAll(" ", "-")}`;

function operationCard({ path, method, operation }) {
  const id = operation.operationId;
  const head = box("summary", {}, box("h3", {}, badge(method), " ", element("code", path)), " ", element("span", operation.summary));
  const part = (name, ...children) => (children.length ? [anchored("h4", `${id}-${name.toLowerCase().replaceAll(" ", "-")}`, name), ...children] : []);
  const inside = box("div", {},
    ...(operation.description ? [prose("p", operation.description)] : []),
    ...part("Parameters", ...(operation.parameters?.length ? [parameters(operation.parameters)] : [])),
    ...part("Request", ...(operation.requestBody ? requestBody(operation.requestBody) : [])),
    ...part("Try it", tryIt(path, method, operation)),
    ...part("Answers", ...answers(id, operation.responses)));
  const card = box("details", { class: "card operation entry", id }, head, inside);
  card.addEventListener("click", ({ target }) => {
    const opened = target.closest("summary")?.parentElement;
    if (opened?.id && !opened.open) history.replaceState(null, "", `#${opened.id}`); // the page's address is now what was opened
    mark();
  });
  return card;
}

const line = ({ path, method, operation }) =>
  box("li", { class: "entry" }, box("a", { href: `#${operation.operationId}` }, badge(method), " ", element("span", path)));

/** Opens what the address names, and whatever it is in. */
function openLinked() {
  const linked = at(decodeURIComponent(location.hash.slice(1)));
  for (let fold = linked?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  linked?.scrollIntoView();
  mark();
}

/** The operation that the address names, in the list. */
function mark() {
  const open = at(decodeURIComponent(location.hash.slice(1)))?.closest("details.operation")?.id;
  for (const link of at("sections").querySelectorAll("a")) {
    if (open && link.hash === `#${open}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Hides what does not hold every word, in the list and on the page. */
function search(operations) {
  const words = at("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { card, entry, text } of operations) {
    const fits = words.every((word) => text.includes(word));
    card.hidden = entry.hidden = !fits;
    found += fits;
  }
  for (const section of document.querySelectorAll(".tag")) section.hidden = !section.querySelector(".entry:not([hidden])");
  at("found").textContent = words.length ? `${found} of ${operations.length} operations` : "";
}

/** What is needed to ask: where, and with which key. */
async function showServer() {
  at("base").textContent = new URL("./", location.href).href;
  const reply = key.headers()["x-api-key"] ? { status: 401 } : await fetch("v2").catch(() => ({}));
  const asks = reply.status === 401;
  if (asks) at("keys").textContent = "It asks for an API key: send it in x-api-key, or as a bearer token.";
  if (reply.ok) at("keys").textContent = "It asks for no API key.";
  if (asks) namesKeys();
}

async function show() {
  const api = await load("openapi.json");
  const [lead, rest] = api.info.description.split(/(?<=^[^.?!]*[.?!]) /);
  at("about").replaceWith(prose("p", `${lead} Version ${api.info.version}.`, { id: "about" }));
  if (rest) at("more").append(prose("p", rest));
  at("more").hidden = !rest;
  const operations = [];
  for (const { name, description } of api.tags) {
    const own = tagged(name).map((each) => ({ card: operationCard(each), entry: line(each), each }));
    operations.push(...own);
    at("operations").append(box("section", { class: "tag" }, anchored("h2", slug(name), name),
      element("p", description, { class: "soft" }), ...own.map(({ card }) => card)));
    at("sections").append(box("div", { class: "tag" }, element("p", name), box("ul", {}, ...own.map(({ entry }) => entry))));
  }
  for (const each of operations) each.text = `${each.each.method} ${each.each.path} ${each.card.textContent}`.toLowerCase();
  at("words").addEventListener("input", () => search(operations));
  search(operations); // what was typed before the description was there
  const wide = matchMedia("(min-width: 64rem)");
  const fold = () => (at("contents").open = wide.matches);
  wide.addEventListener("change", fold);
  fold();
  addEventListener("hashchange", openLinked);
  openLinked();
  await showServer();
}

show().catch(() => {
  at("about").textContent = "The description could not be loaded: is the server running?";
});
