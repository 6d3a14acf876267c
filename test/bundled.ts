/**
 * The Worker and its packages as one module, for tests that run in workerd. Each test file has a separate workerd. Vite
 * would send it some 400 modules one by one, each as escaped text, which took longer than most tests; workerd loads this
 * module by itself. An import of a test from `worker/` or from a package resolves to a small module that re-exports it
 * from there, so that all share the same modules.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Plugin, version } from "vite";

/** The packages that the Worker and its tests import. */
export const PACKAGES: string[] = [
  ...["hono", "hono/client", "hono/cookie", "hono/cors", "hono/factory", "hono/route", "hono/validator"],
  ...["drizzle-orm", "drizzle-orm/d1", "drizzle-orm/sqlite-core", "zod", "uuid", "bowser", "isbot"],
  ...["hyparquet", "hyparquet-writer", "@cfworker/json-schema", "fast-check"],
  ...["@hyperjump/json-schema", "@hyperjump/json-schema/openapi-3-1"],
];

const ROOT = resolve(import.meta.dirname, "..");
const SOURCES = join(ROOT, "worker");
/** The folder in the patterns below, which keep Vite from transforming its files. */
const MADE = join(ROOT, ".wrangler/bundled");
const COLD = "?cold";
const KEPT_MS = 86_400_000;
/** The conditions with which the pool resolves packages for workerd. */
const conditions = ["workerd", "worker", "module", "browser"];

const sources = (): string[] =>
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort();

/** The folder of the modules; it is reused for the same sources. */
export async function bundle(): Promise<string> {
  const files = sources();
  const hash = createHash("sha256")
    .update(version + PACKAGES)
    .update(readFileSync(import.meta.filename));
  for (const file of files) hash.update(file).update(readFileSync(join(SOURCES, file)));
  const made = join(MADE, hash.digest("hex").slice(0, 16));
  if (existsSync(made)) return made;
  mkdirSync(MADE, { recursive: true });
  for (const name of readdirSync(MADE)) {
    const old = join(MADE, name);
    const at = statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (at < Date.now() - KEPT_MS) rmSync(old, { recursive: true, force: true });
  }
  const making = mkdtempSync(`${made}-`);
  await build({
    configFile: false,
    logLevel: "warn",
    root: ROOT,
    resolve: { conditions },
    ssr: { noExternal: true, target: "webworker", resolve: { conditions } },
    build: {
      ssr: true,
      target: "es2022",
      minify: false,
      outDir: making,
      copyPublicDir: false,
      rollupOptions: {
        input: Object.fromEntries([
          ...files.map((file) => [file.slice(0, -".ts".length), join(SOURCES, file)]),
          ...PACKAGES.map((name) => [join("packages", name), name]),
        ]),
        external: /^(cloudflare|node):/,
        preserveEntrySignatures: "strict",
        output: {
          entryFileNames: "[name].mjs",
          chunkFileNames: "[name].mjs",
          // Packages that only some tests need are loaded separately.
          codeSplitting: { groups: [{ name: "all", test: (id) => !/node_modules.(fast-check|@hyperjump)/.test(id) }] },
        },
      },
    },
  });
  try {
    renameSync(making, made);
  } catch (error) {
    // Another run has made it meanwhile.
    if (!existsSync(made)) throw error;
    rmSync(making, { recursive: true });
  }
  return made;
}

/** The Worker's module in such a folder, and all that it imports, by path. */
export function entryIn(folder: string): { folder: string; modules: string[] } {
  const modules: string[] = [];
  const add = (file: string) => {
    if (modules.includes(file)) return;
    modules.push(file);
    const text = readFileSync(file, "utf8");
    for (const [, imported = ""] of text.matchAll(/^(?:import|export)\b[^;]*?"(\.{1,2}\/[^"]+\.mjs)";$/gm))
      add(resolve(dirname(file), imported));
  };
  add(join(folder, "index.mjs"));
  return { folder, modules };
}

/** Made from the sources at the start of the run: watch mode sees only changes of tests. */
export async function bundledWorker(): Promise<Plugin> {
  const made = await bundle();
  return {
    name: "bundled-worker",
    enforce: "pre",
    // After the pool's plugin, which has Vite load every module and send it to workerd as text: workerd loads these itself.
    config: {
      order: "post",
      handler(config) {
        const { deps } = (config as { test: { server: { deps: object } } }).test.server;
        Object.assign(deps, { inline: [/^(?!.*\/\.wrangler\/bundled\/)/], external: [/\/\.wrangler\/bundled\//] });
      },
    },
    resolveId(source, importer) {
      if (PACKAGES.includes(source)) return join(made, "packages", `${source}.mjs`);
      if (importer?.startsWith(SOURCES)) return undefined;
      if (source.startsWith(SOURCES)) return bundled(source);
      if (source.startsWith(".") && importer && !importer.startsWith(made))
        return bundled(resolve(dirname(importer), source));
      return undefined;
    },
  };

  /**
   * The module that replaces a source; imports with another query, such as `?raw`, are left unchanged. With `?cold` it is
   * the source itself with all its imports, which `vi.resetModules` resets.
   */
  function bundled(source: string): string | undefined {
    if (source.endsWith(COLD)) return source.slice(0, -COLD.length);
    const file = relative(SOURCES, source);
    return file.startsWith("..") || !file.endsWith(".ts") ? undefined : join(made, file.replace(/\.ts$/, ".mjs"));
  }
}
