// What an operation is tried with: its fields, the same request as a snippet, and the answer of this server.

import * as key from "../key.js";
import { needsKey as mayNeedKey, resolved } from "./description.js";
import { box, code, element } from "./elements.js";
import { LANGUAGES } from "./snippets.js";

let language = "curl";
let asksForKeys = false;
let number = 0;

/** Told to every form on the page: the language was changed, or the server turns out to ask for keys. */
const changed = new EventTarget();
const tell = () => changed.dispatchEvent(new Event("change"));

/** The server has keys: snippets name one. */
export function namesKeys() {
  asksForKeys = true;
  tell();
}

function choice(values, isRequired) {
  return box("select", {}, ...(isRequired ? [] : [element("option")]), ...values.map((value) => element("option", value)));
}

function input(schema, isRequired) {
  const { type, enum: values, default: usual, minimum, maximum, maxLength } = resolved(schema);
  if (values ?? type === "boolean") return choice((values ?? [true, false]).map(String), isRequired);
  const made = element("input", "", { type: type === "integer" ? "number" : "text" });
  for (const [name, value] of Object.entries({ min: minimum, max: maximum, maxlength: maxLength }))
    if (value !== undefined) made.setAttribute(name, value);
  made.value = usual ?? "";
  return made;
}

function field(label, control, value) {
  control.id = `field-${++number}`;
  Object.assign(control, { spellcheck: false, autocomplete: "off" });
  if (value !== undefined) Object.assign(control, { value, rows: Math.min(20, value.split("\n").length) });
  return { control, parts: [element("label", label, { for: control.id }), control] };
}

const shown = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

/** Asks, and shows status, time, headers and body. */
async function send({ method, address, body }, { line, reply }) {
  const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...key.headers() };
  const started = performance.now();
  try {
    const answer = await fetch(address, { method, body, headers });
    const text = await answer.text();
    const milliseconds = (performance.now() - started).toFixed(1);
    if (answer.status === 401) [key.ask(), namesKeys()];
    line.textContent = `${answer.status} ${answer.statusText}, ${milliseconds} ms, ${new Blob([text]).size} bytes`;
    line.className = `answer s${String(answer.status)[0]}`;
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    reply.textContent = `${[...answer.headers].map((each) => each.join(": ")).join("\n")}\n\n${isJson ? shown(text) : text}`;
    reply.hidden = false;
  } catch {
    Object.assign(line, { textContent: "The server does not answer.", className: "answer s5" });
  }
}

function copyButton(from) {
  const button = element("button", "Copy", { type: "button", class: "plain copy" });
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(from);
    const done = await navigator.clipboard?.writeText(from.textContent).then(() => true, () => false);
    button.textContent = done ?? document.execCommand("copy") ? "Copied" : "Selected"; // without TLS there is no clipboard
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
}

/** One language for all operations, each of which may change it. */
function languages() {
  const name = `language-${++number}`;
  const radios = Object.keys(LANGUAGES).map((value) => Object.assign(element("input", "", { type: "radio", name }), { value }));
  const choose = () => radios.forEach((each) => (each.checked = each.value === language));
  choose();
  changed.addEventListener("change", choose);
  const parts = radios.map((each) => box("label", {}, each, ` ${each.value}`));
  const group = box("fieldset", { class: "languages" }, element("legend", "The same request in"), ...parts);
  group.addEventListener("change", (event) => {
    language = event.target.value;
    tell();
  });
  return group;
}

export function tryIt(path, method, operation) {
  const all = (operation.parameters ?? []).filter((each) => each.in === "path" || each.in === "query").map((each) => {
    const control = input(each.schema, each.required);
    control.required = Boolean(each.required);
    return { ...each, ...field(each.name, control) };
  });
  const content = operation.requestBody?.content["application/json"];
  const body = content && field("Body", element("textarea"), JSON.stringify(content.example ?? {}, null, 2));
  const isJson = "application/json" in (resolved(operation.responses["200"]).content ?? {});
  const asked = () => {
    const given = all.filter(({ in: place, control }) => place === "query" && control.value).map((each) => [each.name, each.control.value]);
    const filled = all.reduce((text, { in: place, name, control }) =>
      (place === "path" ? text.replace(`{${name}}`, encodeURIComponent(control.value)) : text), path);
    const address = new URL(filled.slice(1) + (given.length ? `?${new URLSearchParams(given)}` : ""), location.href).href;
    return { method: method.toUpperCase(), address, body: body?.control.value, isJson, needsKey: asksForKeys && mayNeedKey(operation) };
  };
  const snippet = code("", "The same request as code");
  snippet.classList.add("snippet");
  const note = element("p", "API_KEY is a variable of the environment that holds your key.", { class: "soft" });
  const line = element("p", "", { role: "status", class: "answer" });
  const reply = code("", "Answer");
  reply.hidden = true;
  const fields = [...all, ...(body ? [body] : [])].flatMap(({ parts }) => parts);
  const form = box("form", {}, ...fields, box("div", { class: "code" }, languages(), copyButton(snippet)), snippet, note, element("button", "Send"), line, reply);
  const update = () => {
    const request = asked();
    snippet.textContent = LANGUAGES[language](request);
    note.hidden = !request.needsKey;
  };
  form.addEventListener("input", update);
  changed.addEventListener("change", update);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    [line.textContent, line.className] = ["Asking…", "answer"];
    reply.hidden = true;
    await send(asked(), { line, reply });
    form.ariaBusy = "false";
  });
  update();
  return form;
}
