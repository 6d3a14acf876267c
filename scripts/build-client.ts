/**
 * Builds the client SDK into dist-client/, a separate package without dependencies: those of the root package are the server's.
 * `npm publish dist-client` publishes it. The types are written out, since its users have neither the Worker nor zod.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { minify } from "terser";
import { build } from "vite";
import { client } from "../vite.config.ts";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist-client");

/** The compiler writes a mapped type out in full, so the types of the contract are mapped here; unions become keys. */
const PROBE = `
import type { BuiltInType, ServerError, WireFields } from "../../pixel/client/contract.ts";
declare const flat: <T>() => { [Key in keyof T]: T[Key] };
export const wireFields = flat<WireFields>();
export const builtInTypes = flat<Record<BuiltInType, true>>();
export const errorCodes = flat<Record<ServerError["code"], true>>();
`;

await build(client);
await wrapLines(join(OUT, "client.js"));
mkdirSync(join(ROOT, ".tsbuild"), { recursive: true });
const scratch = mkdtempSync(join(ROOT, ".tsbuild/client-"));
try {
  const emitted = emitTypes(scratch);
  const contract = flatContract(readFileSync(join(emitted, scratch.slice(ROOT.length), "probe.d.ts"), "utf8"));
  const texts = new Map([["client/contract.d.ts", contract]]);
  collect("client.d.ts", join(emitted, "pixel"), texts);
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(OUT, path)), { recursive: true });
    writeFileSync(join(OUT, path), text.replace(/(from "\.[^"]+)\.ts"/g, '$1.js"'));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const { name, version, license, engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const manifest = {
  name,
  version,
  description: "Client SDK of Edgepixel: typed events, delivered once, from browsers and servers",
  license,
  type: "module",
  sideEffects: false,
  engines,
  exports: { "./client": { types: "./client.d.ts", default: "./client.js" }, "./package.json": "./package.json" },
  files: ["client.js", "client.js.map", "client.d.ts", "client"],
};
writeFileSync(join(OUT, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(ROOT, "LICENSE"), join(OUT, "LICENSE"));
copyFileSync(join(ROOT, "docs/sdk.md"), join(OUT, "README.md"));

/** Minifies the file, but with short lines: for an error, Node prints the whole line that throws. */
async function wrapLines(file: string): Promise<void> {
  const { code = "", map } = await minify(readFileSync(file, "utf8"), {
    module: true,
    compress: false,
    mangle: false,
    format: { max_line_len: 160 },
    sourceMap: { content: readFileSync(`${file}.map`, "utf8"), filename: basename(file), url: `${basename(file)}.map` },
  });
  writeFileSync(file, code);
  writeFileSync(`${file}.map`, map as string);
}

/** Emits the declarations of the SDK and of the probe; returns their folder. */
function emitTypes(folder: string): string {
  writeFileSync(join(folder, "probe.ts"), PROBE);
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.base.json",
      compilerOptions: {
        composite: false,
        declaration: true,
        lib: ["esnext", "dom"],
        rootDir: "../..",
        outDir: "types",
        noUnusedLocals: false,
      },
      files: ["probe.ts", "../../pixel/client.ts"],
    }),
  );
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The SDK's types do not compile:\n${stdout}`);
  return join(folder, "types");
}

function flatContract(probe: string): string {
  const written = (name: string): string => {
    const found = new RegExp(`const ${name}: (\\{[^}]*\\});`).exec(probe)?.[1];
    if (!found || found.includes("import(")) throw new Error(`${name} does not come out flat:\n${probe}`);
    return found;
  };
  const union = (name: string): string =>
    [...written(name).matchAll(/(\w+): true/g)].map(([, key]) => `"${key}"`).join(" | ");
  return `export type BuiltInType = ${union("builtInTypes")};
/** Every field of an event, as it may be sent. */
export type WireFields = ${written("wireFields")};
/** What the server says about a field that it refuses. */
export type ServerError = { field: string; code: ${union("errorCodes")}; message: string };
`;
}

/** Adds a file and all files from which it imports types. */
function collect(path: string, from: string, texts: Map<string, string>): void {
  if (texts.has(path)) return;
  const text = readFileSync(join(from, path), "utf8");
  texts.set(path, text);
  for (const [, target] of text.matchAll(/from "(\.[^"]+)\.ts"/g))
    collect(join(dirname(path), `${target}.d.ts`), from, texts);
}
