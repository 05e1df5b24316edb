// Opens dist/check.html in Chromium and prints what it found: node check.js [golden.json [times.json]]

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const dist = fileURLToPath(new URL("dist", import.meta.url));
const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript",
  ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm",
};
const ARGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** A static file server; what is `given` stands in for files of dist/ with those names. */
function serve(given) {
  return createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    try {
      const body = await readFile(given[path] ?? dist + path);
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
}

async function check(golden, times) {
  for (const path of [golden, times]) if (path) await readFile(path);
  const server = serve({ "/golden.json": golden, "/times.json": times });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  let browser;
  try {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
    const page = await browser.newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => request.url().startsWith(origin) || problems.push(`asked ${request.url()}`));
    await page.goto(`${origin}/check.html`);
    const line = page.locator("#line[data-ended]");
    await line.waitFor({ timeout: 120_000 });
    console.log(await line.textContent());
    const ended = await line.getAttribute("data-ended");
    if (ended !== "well") problems.unshift(ended);
    if (problems.length) throw new Error(problems.join("; "));
  } finally {
    await browser?.close();
    server.close();
  }
}

try {
  await check(process.argv[2], process.argv[3]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
