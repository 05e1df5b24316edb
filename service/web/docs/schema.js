// Schemas, parameters and answers as elements.

import { alternatives, limits, properties, resolved, typeName } from "./description.js";
import { box, code, element, prose } from "./elements.js";

const ending = (text) => (!text || /[.:?!]$/.test(text) ? text : `${text}.`);

/** What a schema stands for that has no alternative but null. */
const only = (schema) => {
  const several = alternatives(schema);
  return several.length === 1 ? resolved(several[0]) : {};
};

/** Its type, whether it is required, what it has to be, its pattern and what it means. */
function told(name, schema, isRequired, place = "") {
  const { description = only(schema).description ?? "", pattern } = resolved(schema);
  const facts = [typeName(schema), place, ...limits(schema)].filter(Boolean).join("; ");
  return [
    element("code", name, { class: "name" }), " ",
    ...(isRequired === undefined ? [] : [element("span", isRequired ? "required" : "optional", { class: isRequired ? "must" : "may" }), " "]),
    prose("span", facts, { class: "soft" }),
    ...(description ? [prose("p", ending(description))] : []),
    ...(pattern ? [box("p", { class: "pattern" }, "Pattern: ", element("code", pattern))] : []),
  ];
}

/** The properties of a schema, of each of its alternatives, of what its array holds, and of those in turn. */
export function schemaList(schema) {
  const several = alternatives(schema);
  if (several.length === 1) return schemaList(several[0]);
  if (several.length) {
    return box("ul", { class: "schema" }, ...several.map((each) =>
      box("li", {}, element("code", typeName(each), { class: "name" }),
        prose("p", ending(resolved(each).description ?? "")), schemaList(each))));
  }
  const entries = properties(schema);
  if (!entries.length) return "";
  return box("ul", { class: "schema" }, ...entries.map(([name, raw, isRequired]) =>
    box("li", {}, ...told(name, raw, isRequired), schemaList(raw))));
}

/** A body's type and limits, in a line. */
const whole = (kind, schema) =>
  prose("p", [`\`${kind}\`: ${typeName(schema)}`, ...limits(schema)].join("; "), { class: "soft" });

const named = (entries) => box("ul", { class: "schema" }, ...entries.map((each) => box("li", {}, ...each)));

export const parameters = (list) =>
  named(list.map((each) => told(each.name, { description: each.description, ...each.schema }, Boolean(each.required), `in the ${each.in}`)));

export function requestBody({ description, required, content }) {
  return [
    ...(description ? [prose("p", description)] : []),
    ...(required ? [] : [element("p", "It may be left out.")]),
    ...Object.entries(content).flatMap(([kind, { schema }]) => [whole(kind, schema), schemaList(schema)]),
  ];
}

export function answers(id, responses) {
  return Object.entries(responses).map(([status, raw]) => {
    const reply = resolved(raw);
    const headers = Object.entries(reply.headers ?? {}).map(([name, each]) => {
      const header = resolved(each);
      return told(name, { description: header.description, ...header.schema }, undefined, "header");
    });
    const card = box("details", { class: `status s${status[0]}`, id: `${id}-${status}` },
      box("summary", {}, element("h5", status), prose("span", reply.description)),
      ...Object.entries(reply.content ?? {}).flatMap(([kind, { schema, example }]) => [
        whole(kind, schema), schemaList(schema),
        ...(example === undefined ? [] : [code(JSON.stringify(example, null, 2), `Example of ${status}`)]),
      ]),
      ...(headers.length ? [named(headers)] : []));
    card.open = status[0] === "2";
    return card;
  });
}
