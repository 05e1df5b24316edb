// A request -> what asks it in a shell, in Python and in JavaScript. A key is read from the environment: it is in no text.
//
// A request is { method, address, body, needsKey, isJson }: `body` a text or undefined, `isJson` of the reply.

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ method, address, body, needsKey }) {
  const usual = body === undefined ? "GET" : "POST";
  const words = [`curl ${method === usual ? "" : `-X ${method} `}${shellQuoted(address)}`];
  if (needsKey) words.push('-H "x-api-key: $API_KEY"');
  if (body !== undefined) words.push("-H 'content-type: application/json'", `--data-raw ${shellQuoted(body)}`);
  return words.join(" \\\n  ");
}

const CONSTANTS = { true: "True", false: "False", null: "None" };

/** JSON as Python writes it: its texts and numbers mean the same there. */
const asPython = (json) => json.replace(/"(?:[^"\\]|\\.)*"|true|false|null/g, (part) => CONSTANTS[part] ?? part);

const indented = (text, by) => text.replaceAll("\n", `\n${by}`);

/** Does it mean the same as source text? Not where a number would be written otherwise, or what somebody types is half done. */
function isPlain(body) {
  try {
    return !body.includes('"__proto__"') && JSON.stringify(JSON.parse(body)) === body.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
  } catch {
    return false;
  }
}

function python({ method, address, body, needsKey, isJson }) {
  const headers = needsKey ? ['"x-api-key": os.environ["API_KEY"]'] : [];
  const given = [`    ${JSON.stringify(address)},`];
  if (body !== undefined && isPlain(body)) {
    given.push(`    json=${indented(asPython(body), "    ")},`);
  } else if (body !== undefined) {
    headers.unshift('"content-type": "application/json"');
    given.push(`    data=${JSON.stringify(body)}.encode(),`);
  }
  if (headers.length) given.push(`    headers={${headers.join(", ")}},`);
  return [
    ...(needsKey ? ["import os", ""] : []),
    "import requests", "",
    `reply = requests.${method.toLowerCase()}(`, ...given, ")",
    `print(reply.status_code, reply.${isJson ? "json()" : "text"})`,
  ].join("\n");
}

function javascript({ method, address, body, needsKey, isJson }) {
  const headers = needsKey ? ['"x-api-key": process.env.API_KEY'] : [];
  const given = method === "GET" ? [] : [`  method: ${JSON.stringify(method)},`];
  if (body !== undefined) {
    headers.unshift('"content-type": "application/json"');
    given.push(`  body: ${isPlain(body) ? `JSON.stringify(${indented(body, "  ")})` : JSON.stringify(body)},`);
  }
  if (headers.length) given.push(`  headers: { ${headers.join(", ")} },`);
  const options = given.length ? `, {\n${given.join("\n")}\n}` : "";
  return `const reply = await fetch(${JSON.stringify(address)}${options});\nconsole.log(reply.status, await reply.${isJson ? "json" : "text"}());`;
}

export const LANGUAGES = { curl, Python: python, JavaScript: javascript };
