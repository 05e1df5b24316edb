// openapi.json as a page: every operation with its schemas and examples, and a form that asks this server.

import * as key from "../key.js";

const element = (name, text = "", attributes = {}) => {
  const made = Object.assign(document.createElement(name), { textContent: text });
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const box = (name, attributes, ...children) => {
  const made = element(name, "", attributes);
  made.append(...children);
  return made;
};
const shown = (value) => JSON.stringify(value, null, 2);

let api;
let number = 0;

/** What a reference stands for: `#/components/schemas/Flight`. */
const resolved = (it = {}) => (it.$ref ? it.$ref.slice(2).split("/").reduce((at, name) => at[name], api) : it);

/** A text with its `code`. */
const prose = (name, text) =>
  box(name, {}, ...text.split("`").map((part, n) => (n % 2 ? element("code", part) : document.createTextNode(part))));

/** `array of number`, `text or null`: a schema's type in words. */
function typeName(schema) {
  const { type, items, allOf } = resolved(schema);
  if (allOf) return "object";
  const kinds = [type ?? "anything"].flat();
  return kinds.map((kind) => (kind === "array" && items ? `array of ${typeName(items)}` : kind)).join(" or ");
}

/** The properties of a schema, of what its array holds, and of those in turn. */
function schemaList(schema) {
  const whole = resolved(schema);
  if (whole.items) return schemaList(whole.items);
  const parts = [whole, ...(whole.allOf ?? []).map(resolved)];
  const entries = parts.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).map(([name, raw]) => [name, raw, required.includes(name)]),
  );
  if (!entries.length) return "";
  return box("ul", { class: "schema" }, ...entries.map(([name, raw, isRequired]) => {
    const { description = "" } = resolved(raw);
    const line = prose("span", ` ${typeName(raw)}${isRequired ? "" : ", optional"}${description && `. ${description}`}`);
    return box("li", {}, element("code", name), line, schemaList(raw));
  }));
}

function field(label, value, tag = "input") {
  const id = `field-${++number}`;
  const input = element(tag, "", { id, spellcheck: "false", autocomplete: "off" });
  input.value = value;
  if (tag === "textarea") input.rows = Math.min(20, value.split("\n").length);
  return { input, parts: [element("label", label, { for: id }), input] };
}

const code = (text, label) => element("pre", text, { tabindex: "0", role: "group", "aria-label": label });

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** What the form asks for: its address and options for `fetch`, and the same for a shell. */
function request(path, method, values, asked, body) {
  const filled = values.reduce((text, [name, { input }]) => text.replace(`{${name}}`, encodeURIComponent(input.value)), path);
  const given = asked.filter(([, { input }]) => input.value);
  const query = new URLSearchParams(given.map(([name, { input }]) => [name, input.value])).toString();
  const address = new URL(filled.slice(1) + (query && `?${query}`), location.href).href;
  const options = { method: method.toUpperCase() };
  const words = ["curl", quoted(address)];
  if (body) {
    Object.assign(options, { headers: { "content-type": "application/json" }, body: body.input.value });
    words.push("-H 'content-type: application/json'", "-d", quoted(body.input.value));
  }
  return { address, options, shell: words.join(" ") };
}

async function answerTo({ address, options }) {
  const started = performance.now();
  try {
    const reply = await fetch(address, { ...options, headers: { ...options.headers, ...key.headers() } });
    if (reply.status === 401) key.ask();
    const text = await reply.text();
    const milliseconds = (performance.now() - started).toFixed(1);
    const unknown = reply.headers.get("x-unknown");
    const isJson = reply.headers.get("content-type")?.startsWith("application/json");
    return `${reply.status}, ${milliseconds} ms${unknown ? `\nx-unknown: ${unknown}` : ""}\n\n${isJson ? shown(JSON.parse(text)) : text}`;
  } catch {
    return "The server does not answer.";
  }
}

function tryIt(path, method, operation) {
  const fieldsIn = (place) => (operation.parameters ?? []).filter((each) => each.in === place)
    .map((each) => [each.name, field(each.name, each.schema.enum?.[0] ?? "")]);
  const values = fieldsIn("path");
  const query = fieldsIn("query");
  const content = operation.requestBody?.content["application/json"];
  const body = content && field("Body", shown(content.example ?? {}), "textarea");
  const asked = () => request(path, method, values, query, body);
  const shell = code("", "The same for a shell");
  const answer = box("pre", { tabindex: "0", role: "status", "aria-label": "Answer" });
  answer.hidden = true;
  const fields = [...values, ...query].flatMap(([, { parts }]) => parts);
  const form = box("form", {}, ...fields, ...(body?.parts ?? []), shell, element("button", "Send"), answer);
  const update = () => (shell.textContent = asked().shell);
  form.addEventListener("input", update);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    answer.hidden = false;
    answer.textContent = "Asking…";
    answer.textContent = await answerTo(asked());
  });
  update();
  return form;
}

function answers(responses) {
  return Object.entries(responses).flatMap(([status, told]) => {
    const reply = resolved(told);
    const [content = {}] = Object.values(reply.content ?? {});
    const headers = Object.entries(reply.headers ?? {}).map(([name, header]) =>
      box("p", {}, element("code", name), prose("span", `: ${resolved(header).description}`)));
    const example = content.example === undefined ? [] : [code(shown(content.example), `Example of ${status}`)];
    return [box("p", { class: "status" }, element("strong", status), prose("span", ` ${reply.description}`)),
      ...headers, schemaList(content.schema), ...example];
  });
}

function operationCard(path, method, operation) {
  const head = box("summary", {},
    element("span", method.toUpperCase(), { class: "method" }), element("code", path), element("span", operation.summary));
  const body = operation.requestBody?.content["application/json"];
  const inside = box("div", {},
    operation.description ? prose("p", operation.description) : "",
    ...(operation.parameters ?? []).filter((each) => each.description).map(({ name, description }) =>
      box("p", {}, element("code", name), prose("span", `: ${description}`))),
    ...(body ? [element("h3", "Request"), element("p", typeName(body.schema), { class: "soft" }), schemaList(body.schema)] : []),
    element("h3", "Answers"), ...answers(operation.responses),
    element("h3", "Try it"), tryIt(path, method, operation));
  return box("details", { class: "card operation", id: operation.operationId }, head, inside);
}

function openLinked() {
  const linked = document.getElementById(location.hash.slice(1));
  linked?.setAttribute("open", "");
  linked?.scrollIntoView();
}

async function show() {
  api = await (await fetch("openapi.json")).json();
  document.getElementById("about").textContent = `${api.info.description} Version ${api.info.version}.`;
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const sections = api.tags.flatMap(({ name, description }) => [
    element("h2", `${name}: ${description}`),
    ...operations.filter(({ operation }) => operation.tags.includes(name))
      .map(({ path, method, operation }) => operationCard(path, method, operation)),
  ]);
  document.getElementById("operations").replaceChildren(...sections);
  addEventListener("hashchange", openLinked);
  openLinked();
}

show().catch(() => {
  document.getElementById("about").textContent = "The description could not be loaded: is the server running?";
});
