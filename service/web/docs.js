// openapi.json as a page: every operation with its schemas, and a form that asks this server.

const element = (name, text = "", attributes = {}) => {
  const made = Object.assign(document.createElement(name), { textContent: text });
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const shown = (value) => JSON.stringify(value, null, 2);

let api;
let number = 0;

const resolved = (schema) =>
  schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema;

/** A schema in a line or a few: names, types and what they mean. */
function schemaList(schema) {
  const list = element("dl");
  const whole = resolved(schema);
  const items = resolved(whole?.items);
  const parts = [whole, items, ...(whole?.allOf ?? []), ...(items?.allOf ?? [])].map(resolved);
  for (const part of parts) {
    for (const [name, raw] of Object.entries(part?.properties ?? {})) {
      const inner = resolved(raw);
      const needed = part.required?.includes(name) ? "" : ", optional";
      list.append(element("dt", name), element("dd", `${[inner.type].flat().join(" or ")}${needed}. ${inner.description ?? ""}`));
    }
  }
  return list;
}

function field(label, value, tag = "input") {
  const id = `field-${++number}`;
  const box = element(tag, "", { id, spellcheck: "false" });
  box.value = value;
  if (tag === "textarea") box.rows = Math.min(20, value.split("\n").length);
  return { box, parts: [element("label", label, { for: id }), box] };
}

function tryIt(path, method, operation) {
  const form = element("form");
  const inPath = (operation.parameters ?? []).filter((each) => each.in === "path");
  const values = inPath.map((each) => [each.name, field(each.name, each.schema.enum?.[0] ?? "")]);
  const content = operation.requestBody?.content["application/json"];
  const body = content && field("Body", shown(content.example ?? {}), "textarea");
  const answer = element("pre", "", { tabindex: "0", role: "status", "aria-label": "Answer" });
  answer.hidden = true;
  form.append(...values.flatMap(([, { parts }]) => parts), ...(body?.parts ?? []), element("button", "Send"), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    answer.hidden = false;
    answer.textContent = "Asking…";
    const url = values.reduce((text, [name, { box }]) => text.replace(`{${name}}`, encodeURIComponent(box.value)), path);
    try {
      const headers = body ? { "content-type": "application/json" } : {};
      const reply = await fetch(url.slice(1), { method: method.toUpperCase(), headers, body: body?.box.value });
      const text = await reply.text();
      const isJson = reply.headers.get("content-type")?.startsWith("application/json");
      answer.textContent = `${reply.status}\n${isJson ? shown(JSON.parse(text)) : text}`;
    } catch {
      answer.textContent = "The server does not answer.";
    }
  });
  return form;
}

function operationCard(path, method, operation) {
  const card = element("details", "", { class: "card operation", id: operation.operationId });
  const head = element("summary");
  head.append(element("span", method.toUpperCase(), { class: "method" }), element("code", path), element("span", operation.summary));
  const inside = element("div");
  if (operation.description) inside.append(element("p", operation.description));
  const body = operation.requestBody?.content["application/json"];
  if (body) inside.append(element("h3", "Request"), schemaList(body.schema));
  inside.append(element("h3", "Answers"));
  for (const [status, reply] of Object.entries(operation.responses)) {
    const schema = Object.values(reply.content ?? {})[0]?.schema;
    inside.append(element("p", `${status}: ${reply.description}`), schemaList(schema));
  }
  inside.append(element("h3", "Try it"), tryIt(path, method, operation));
  card.append(head, inside);
  return card;
}

async function show() {
  api = await (await fetch("openapi.json")).json();
  document.getElementById("about").textContent = api.info.description;
  const cards = api.tags.flatMap((tag) => [
    element("h2", `${tag.name}: ${tag.description}`),
    ...Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(tag.name))
        .map(([method, operation]) => operationCard(path, method, operation)),
    ),
  ]);
  document.getElementById("operations").replaceChildren(...cards);
  document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
}

show().catch(() => {
  document.getElementById("about").textContent = "The description could not be loaded: is the server running?";
});
