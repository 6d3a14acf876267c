/**
 * The Worker and its packages as one module, for tests that run in workerd. Each test file has a workerd of its own. Vite
 * would send it some 400 modules one by one, each as escaped text, which took longer than most tests; this one it loads
 * by itself. What a test imports from `worker/`, or from a package, is a small module that exports it from there, so that
 * all have the same.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Plugin, version } from "vite";

/** What the Worker and its tests import from packages. */
export const PACKAGES: string[] = [
  ...["hono", "hono/client", "hono/cookie", "hono/cors", "hono/factory", "hono/route", "hono/validator"],
  ...["drizzle-orm", "drizzle-orm/d1", "drizzle-orm/sqlite-core", "zod", "uuid", "bowser", "isbot"],
  ...["hyparquet", "hyparquet-writer", "@cfworker/json-schema", "fast-check"],
  ...["@hyperjump/json-schema", "@hyperjump/json-schema/openapi-3-1"],
];

const ROOT = resolve(import.meta.dirname, "..");
const SOURCES = join(ROOT, "worker");
/** As in the patterns below, by which Vite leaves what lies there alone. */
const MADE = join(ROOT, ".wrangler/bundled");
const COLD = "?cold";
const KEPT_MS = 86_400_000;
/** As the pool resolves packages for workerd. */
const conditions = ["workerd", "worker", "module", "browser"];

const sources = (): string[] =>
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort();

/** The folder of the modules. What was made of the same sources is taken again. */
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
          // What only some tests need, they load beside it.
          codeSplitting: { groups: [{ name: "all", test: (id) => !/node_modules.(fast-check|@hyperjump)/.test(id) }] },
        },
      },
    },
  });
  try {
    renameSync(making, made);
  } catch (error) {
    // Another run was quicker.
    if (!existsSync(made)) throw error;
    rmSync(making, { recursive: true });
  }
  return made;
}

/** The Worker's own module in such a folder, and all that it imports, by their paths. */
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

/** Of the sources as they are when the run begins: one that watches sees changes of tests alone. */
export async function bundledWorker(): Promise<Plugin> {
  const made = await bundle();
  return {
    name: "bundled-worker",
    enforce: "pre",
    // After the pool's own, which lets Vite load every module and send it to workerd as text: these workerd loads itself.
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
   * The module in place of a source; what is asked for in another way, as its text, is left. With `?cold` it is the source
   * itself with all that it imports, which `vi.resetModules` forgets.
   */
  function bundled(source: string): string | undefined {
    if (source.endsWith(COLD)) return source.slice(0, -COLD.length);
    const file = relative(SOURCES, source);
    return file.startsWith("..") || !file.endsWith(".ts") ? undefined : join(made, file.replace(/\.ts$/, ".mjs"));
  }
}
