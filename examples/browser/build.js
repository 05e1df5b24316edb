// Makes dist/, a folder that any static file server can serve: node build.js

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const json = async (path) => JSON.parse(await readFile(at(path), "utf8"));
const RUNTIME = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

await rm(at("dist"), { recursive: true, force: true });
await mkdir(at("dist"));
await cp(at("src"), at("dist"), { recursive: true });
for (const name of RUNTIME) await cp(at(`node_modules/onnxruntime-web/dist/${name}`), at(`dist/${name}`));
await cp(at("../../pipeline.onnx"), at("dist/pipeline.onnx"));
await cp(at("../node/flight.js"), at("dist/flight.js"));
await cp(at("../golden.json"), at("dist/golden.json"));
await cp(at("../times.json"), at("dist/times.json"));

// What the form offers, and where «alta» begins.
const names = async (part) => {
  const { features } = await json("../../tables/manifest.json");
  const table = features.find(({ key }) => key.length === 1 && key[0] === part);
  return table ? Object.keys(await json(`../../tables/${table.name}.json`)) : [];
};
const { model } = await json("../../tables/manifest.json");
const about = {
  threshold: model.threshold,
  version: model.version,
  OPERA: await names("OPERA"),
  SIGLADES: await names("SIGLADES"),
};
await writeFile(at("dist/about.json"), JSON.stringify(about, null, 1));
