/** The static files: the dashboard at /, the docs at /docs/, the demo site at /demo/, the snippet as /pixel.js; and the client SDK. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { InlineConfig, Plugin } from "vite";

const here = import.meta.dirname;
const common = {
  configFile: false,
  logLevel: "warn",
  build: { emptyOutDir: false, target: "es2022" },
} satisfies InlineConfig;

/**
 * `import code from "guide.md?code"`: the code of a guide, by section and language; the first of several. So what the
 * dashboard gives to paste is what the docs say.
 */
const codeOfGuides: Plugin = {
  name: "code-of-guides",
  enforce: "pre",
  load(id) {
    if (!id.endsWith(".md?code")) return;
    const code: Record<string, Record<string, string>> = {};
    let section: Record<string, string> = {};
    for (const [, heading, language = "", text = ""] of readFileSync(id.slice(0, -"?code".length), "utf8").matchAll(
      /^#+ ([^\n]+)$|^```(\w+)\n(.*?)^```$/gms,
    )) {
      if (heading !== undefined) {
        section = {};
        code[heading] = section;
      } else section[language] ??= text.trimEnd();
    }
    return `export default ${JSON.stringify(code)}`;
  },
};

export const dashboard: InlineConfig = {
  ...common,
  root: resolve(here, "dashboard"),
  plugins: [codeOfGuides],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    ...common.build,
    outDir: resolve(here, "dist"),
    emptyOutDir: true,
    assetsDir: "assets",
    modulePreload: { polyfill: false },
    // Reading a property runs no code here. Without this, scales of Chart.js that nobody uses stay for their `static` fields.
    rollupOptions: { treeshake: { propertyReadSideEffects: false } },
  },
};

export const docs: InlineConfig = {
  ...common,
  root: resolve(here, "docs-page"),
  base: "/docs/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { ...common.build, outDir: resolve(here, "dist/docs"), modulePreload: { polyfill: false } },
};

export const demo: InlineConfig = {
  ...common,
  root: resolve(here, "demo"),
  base: "/demo/",
  build: {
    ...common.build,
    outDir: resolve(here, "dist/demo"),
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ["index.html", "sign-up.html", "cashier.html"].map((page) => resolve(here, "demo", page)),
    },
  },
};

export const pixel: InlineConfig = {
  ...common,
  root: resolve(here, "pixel"),
  build: {
    ...common.build,
    target: "es2019",
    outDir: resolve(here, "dist"),
    copyPublicDir: false,
    lib: { entry: resolve(here, "pixel/pixel.ts"), formats: ["iife"], name: "edgepixel", fileName: () => "pixel.js" },
  },
};

/** Not served: a package of its own. */
export const client: InlineConfig = {
  ...common,
  root: resolve(here, "pixel"),
  build: {
    ...common.build,
    outDir: resolve(here, "dist-client"),
    emptyOutDir: true,
    copyPublicDir: false,
    sourcemap: true,
    lib: { entry: resolve(here, "pixel/client.ts"), formats: ["es"], fileName: () => "client.js" },
    rolldownOptions: { output: { minify: true } },
  },
};
