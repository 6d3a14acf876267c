/** The static files: the dashboard at /, the docs at /docs/, the demo site at /demo/, the snippet as /pixel.js; and the client SDK. */
import { readFileSync } from "node:fs";
import { basename, resolve, sep } from "node:path";
import type { InlineConfig, Plugin } from "vite";
import { CHUNKS, chunkOf } from "./scripts/chunks.ts";
import { shortWords, withShortTexts, withShortUses } from "./scripts/short-words.ts";

const here = import.meta.dirname;
const common = {
  configFile: false,
  logLevel: "warn",
  build: { emptyOutDir: false, target: "es2022" },
} satisfies InlineConfig;

/**
 * `import url from "guide.md?code"`: where the code of a guide is served as JSON, by section and language; the first of
 * several. So what the dashboard gives to paste is what the docs say.
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
    const file = this.emitFile({
      type: "asset",
      name: `${basename(id, ".md?code")}.json`,
      source: JSON.stringify(code),
    });
    return `export default import.meta.ROLLUP_FILE_URL_${file}`;
  },
};

/** In the place of what preloads the pieces of a chunk, of which there are none (`modulePreload`): half a kilobyte. */
const plainImports: Plugin = {
  name: "plain-imports",
  enforce: "pre",
  load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
};

const DASHBOARD = resolve(here, "dashboard") + sep;
const WORDS = resolve(here, "dashboard/words") + sep;
const english = () => shortWords(readFileSync(`${WORDS}en.ts`, "utf8"));

/** Texts by short names, and those of administration by themselves (`scripts/short-words.ts`): `later` loads these. */
const shortTexts: Plugin = {
  name: "short-texts",
  enforce: "pre",
  resolveId: (source) => (/^\.\/words\/\w+-administration\.ts$/.test(source) ? resolve(DASHBOARD, source) : null),
  load(id) {
    const [, language] = /^(\w+)-administration\.ts$/.exec(id.startsWith(WORDS) ? id.slice(WORDS.length) : "") ?? [];
    if (language === undefined) return null;
    return withShortTexts(readFileSync(`${WORDS}${language}.ts`, "utf8"), english(), "administration");
  },
  transform(code, id) {
    if (!id.startsWith(DASHBOARD) || id.endsWith("-administration.ts")) return null;
    if (id.startsWith(WORDS)) return withShortTexts(code, english(), "page");
    // Not in the language's own file: what that imports must not be of the page, which waits for it.
    if (id === `${DASHBOARD}words.ts`)
      return code.replace(/load: (\(\) => import\("\.\/words\/\w+)\.ts"\)/g, '$&, later: $1-administration.ts")');
    return withShortUses(code, english(), id.slice(DASHBOARD.length).split("/")[0] ?? "");
  },
};

/**
 * Parts of Chart.js that its own code reaches and the page's charts never do: their points are circles, their lines straight
 * and never interpolated, what moves does so in one way, their figures come as new lists of numbers, what a tick says is given,
 * their axes have no title and no major marks, what is pointed at is found by its index, and their canvas is on the page. By
 * the end of the file's name; a part begins a line of it. A version that has them elsewhere fails to build.
 */
const UNUSED: Record<string, { empty: string[]; instead: Record<string, string> }> = {
  "chart.js/dist/chunks/index.js": {
    empty: [
      "function _updateBezierControlPoints(",
      "function _steppedLineTo(",
      "function _bezierCurveTo(",
      "function _steppedInterpolation(",
      "function _bezierInterpolation(",
      "function decorateText(",
      "function drawBackdrop(",
      "function listenArrayEvents(",
      "function unlistenArrayEvents(",
      "function _boundSegment(",
      "function _boundSegments(",
      "function _factorize(",
      "function calculateDelta(",
      "function getNumberFormat(",
      "numeric (",
      "logarithmic (",
    ],
    instead: {
      "function drawPointLegend(": `function drawPointLegend(ctx, { radius, borderWidth }, x, y) {
    if (isNaN(radius) || radius <= 0) return;
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, TAU);
    ctx.closePath();
    ctx.fill();
    if (borderWidth > 0) ctx.stroke();
  }`,
      "const effects =": "const effects = { linear: (t) => t, easeOutQuart: (t) => -((t -= 1) * t * t * t - 1) };",
    },
  },
  "chart.js/dist/chart.js": {
    empty: [
      "function convertObjectDataToArray(",
      "function getIntersectItems(",
      "function getNearestRadialItems(",
      "function createAttachObserver(",
      "function createDetachObserver(",
      "function getMajorIndices(",
      "function skipMajors(",
      "function titleArgs(",
      "function titleAlign(",
      "function sample(",
      "function pathSegment(",
      "function getLineMethod(",
      "function _getInterpolationMethod(",
      "function getAxisItems(",
      "function findOrAddLabel(",
      "function moveNumericKeys(",
      "function relativeLabelSize(",
      "const addIfString =",
      "parseArrayData(",
      "parseObjectData(",
      "getAllParsedValues(",
      "getLabelAndValue(",
      "getLineWidthForValue(",
      "interpolate(",
      "setActiveElements(",
      "unregister(",
      "_updateVisibility(",
      "_resetElements(",
      "_sync(",
      "_onDataPush(",
      "_onDataPop(",
      "_onDataShift(",
      "_onDataSplice(",
      "_onDataUnshift(",
      "_setDatasetHoverStyle(",
      "_removeDatasetHoverStyle(",
      "dataset (chart",
      "point (chart",
      "nearest (chart",
      "x (chart",
      "y (chart",
    ],
    instead: {},
  },
};

/** How far in the brace stands that closes a part: of a function, of a method, or of a way to find what is pointed at. */
const depthOf = (begin: string) => (/^(?:function|const) /.test(begin) ? 0 : begin.endsWith("(chart") ? 8 : 4);
function withoutPart(code: string, begin: string, instead: string): string {
  const end = `\n${" ".repeat(depthOf(begin))}}`;
  const at = code.search(new RegExp(`(?<=^(?: +\\*/)? *)${begin.replace("(", "\\(")}`, "m"));
  if (at < 0) throw new Error(`Chart.js has no "${begin}": see UNUSED in vite.config.ts`);
  return `${code.slice(0, at)}${instead}${code.slice(code.indexOf(end, at) + end.length)}`;
}
const emptied = (begin: string) =>
  begin.startsWith("const ") ? `${begin} () => {}` : begin.replace(/ ?\(.*/, "() {}");
/** What Chart.js keeps to itself begins with an underscore, which some of its code looks for: everywhere the same shorter name. */
const shortNames = new Map<string, string>();
function shortened(code: string): string {
  return code.replace(/(?<![\w$])_[a-zA-Z]\w+/g, (name) => {
    const known = shortNames.get(name) ?? `_${shortNames.size.toString(36)}`;
    shortNames.set(name, known);
    return known;
  });
}

const smallCharts: Plugin = {
  name: "small-charts",
  transform(code, id) {
    const parts = Object.entries(UNUSED).find(([file]) => id.endsWith(file))?.[1];
    if (!parts) return null;
    const { empty, instead } = parts;
    const changes = [...empty.map((begin) => [begin, emptied(begin)] as const), ...Object.entries(instead)];
    return shortened(changes.reduce((text, [begin, part]) => withoutPart(text, begin, part), code));
  },
};

/** Elements by `h(name, properties, ...children)`: a kilobyte less than by the functions that take children as a property. */
const plainElements: Plugin = {
  name: "plain-elements",
  enforce: "pre",
  transform: (code, id) => (id.endsWith(".tsx") ? `import { h, Fragment } from "preact";${code}` : null),
};

export const dashboard: InlineConfig = {
  ...common,
  root: resolve(here, "dashboard"),
  plugins: [codeOfGuides, plainImports, shortTexts, smallCharts, plainElements],
  resolve: { alias: { "@kurkle/color": resolve(here, "dashboard/chart/colour.ts") } },
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment", development: false } },
  build: {
    ...common.build,
    outDir: resolve(here, "dist"),
    emptyOutDir: true,
    assetsDir: "assets",
    // Slower than the minifier that is built in, and a fiftieth smaller. Only Chart.js writes to the console.
    minify: "terser",
    terserOptions: {
      compress: { passes: 3, pure_getters: true, unsafe_arrows: true, drop_console: true },
      ecma: 2020,
      module: true,
    },
    // Nothing is preloaded when a view is: its pieces ask for each other.
    modulePreload: false,
    // Reading a property runs no code here. Without this, scales of Chart.js that nobody uses stay for their `static` fields.
    rollupOptions: {
      input: ["index.html", "embed.html"].map((page) => resolve(here, "dashboard", page)),
      treeshake: { propertyReadSideEffects: false },
      output: {
        codeSplitting: {
          groups: CHUNKS.map((chunk) => ({ name: (id, graph) => (chunkOf(id, graph) === chunk ? chunk : null) })),
        },
      },
    },
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
