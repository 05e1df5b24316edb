// openapi.json -> its operations, and what a schema allows in words. It makes no elements.

let api;

export async function load(address) {
  api = await (await fetch(address)).json();
  return api;
}

/** What a reference stands for: `#/components/schemas/Flight`. */
export const resolved = (it = {}) =>
  it.$ref ? it.$ref.slice(2).split("/").reduce((at, name) => at[name], api) : it;

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** Of every operation of a tag: `{ path, method, operation }`. */
export const tagged = (tag) =>
  Object.entries(api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]?.tags.includes(tag))
      .map((method) => ({ path, method, operation: methods[method] })));

/** Whether a server that has keys asks this operation's callers for one. */
export const needsKey = (operation) =>
  (operation.security ?? api.security ?? []).some((each) => Object.keys(each).length > 0);

/** `array of Flight`, `string or null`: a schema's type in words. */
export function typeName(schema) {
  const { type, items, allOf, oneOf, anyOf } = resolved(schema);
  if (schema?.$ref) return schema.$ref.split("/").pop();
  if (oneOf ?? anyOf) return (oneOf ?? anyOf).map(typeName).join(" or ");
  if (allOf) return "object";
  const kinds = [type ?? "anything"].flat();
  return kinds.map((kind) => (kind === "array" && items ? `array of ${typeName(items)}` : kind)).join(" or ");
}

const written = (value) => `\`${JSON.stringify(value)}\``;
function range(least, most, [one, many] = ["", ""]) {
  const counted = (number) => `${number} ${number === 1 ? one : many}`.trim();
  if (least === undefined && most === undefined) return "";
  if (least === most) return `exactly ${counted(least)}`;
  if (least === undefined) return `at most ${counted(most)}`;
  return most === undefined ? `at least ${counted(least)}` : `${least} to ${counted(most)}`;
}

/** What a schema's values have to be, a phrase each, with `code`; those of what its array holds behind `each`. */
export function limits(schema) {
  const it = resolved(schema);
  const inside = it.items && !resolved(it.items).properties ? limits(it.items).map((text) => `each ${text}`) : [];
  const inner = typeof it.additionalProperties === "object" ? it.additionalProperties : undefined;
  const below = inner ? limits(inner).map((text) => `each ${text}`) : [];
  return [
    it.enum && (it.enum.length > 1 ? `one of ${it.enum.map(written).join(", ")}` : written(it.enum[0])),
    it.const !== undefined && written(it.const),
    range(it.minimum, it.maximum),
    it.exclusiveMinimum !== undefined && `above ${it.exclusiveMinimum}`,
    it.exclusiveMaximum !== undefined && `below ${it.exclusiveMaximum}`,
    it.multipleOf !== undefined && `a multiple of ${it.multipleOf}`,
    range(it.minLength, it.maxLength, ["character", "characters"]),
    range(it.minItems, it.maxItems, ["entry", "entries"]),
    it.uniqueItems && "no entry twice",
    range(it.minProperties, it.maxProperties, ["field", "fields"]),
    inner && `its fields are ${typeName(inner)}`,
    it.additionalProperties === true && "any fields",
    it.format && `as ${it.format}`,
    it.default !== undefined && `${written(it.default)} where it is left out`,
    ...(it.examples ?? []).map((value) => `for example ${written(value)}`),
    it.deprecated && "deprecated",
    ...inside,
    ...below,
  ].filter(Boolean);
}

/** The schemas that a value may have instead of one another; that it may be null is in its type's name. */
export function alternatives(schema) {
  const { oneOf, anyOf } = resolved(schema);
  return (oneOf ?? anyOf ?? []).filter((each) => each.type !== "null");
}

/** The properties that a schema's objects have, or those in its arrays: `[name, schema, isRequired]` each. */
export function properties(schema) {
  const whole = resolved(schema);
  if (whole.items) return properties(whole.items);
  return [whole, ...(whole.allOf ?? []).map(resolved)].flatMap(({ properties: own = {}, required = [] }) =>
    Object.entries(own).map(([name, each]) => [name, each, required.includes(name)]));
}
