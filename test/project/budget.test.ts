/** The dashboard's downloads stay small. The figures are of a build that this test makes. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, mergeConfig } from "vite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LANGUAGES } from "../../dashboard/words.ts";
import { CHUNKS } from "../../scripts/chunks.ts";
import { dashboard } from "../../vite.config.ts";

const KB = 1_024;
const VIEW_KB = 120;
/** Before the chart library is requested: the page, its frame, the overview. */
const BEFORE_CHARTS_KB = 72;

let folder: string;
const read = (file: string) => readFileSync(join(folder, "assets", file));
const gzipped = (file: string) => gzipSync(read(file), { level: 9 }).length;
const sum = (files: Iterable<string>) => [...files].reduce((all, file) => all + gzipped(file), 0);
const built = () => readdirSync(join(folder, "assets")).filter((file) => file.endsWith(".js"));
const chunkOf = (file: string) => file.split("-")[0] ?? "";

/** A browser loads one language: the one with the most text is counted. */
const languages = () => Object.keys(LANGUAGES).map((name) => built().filter((file) => chunkOf(file) === name));
const largest = () => languages().sort((a, b) => sum(b) - sum(a))[0] ?? [];
const scripts = () => built().filter((file) => largest().includes(file) || !languages().flat().includes(file));

/** A script and all that it imports before it runs. */
function closure(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file) || !existsSync(join(folder, "assets", file))) return found;
  found.add(file);
  for (const [, imported = ""] of read(file)
    .toString()
    .matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g))
    closure(imported, found);
  return found;
}

describe("the dashboard's JavaScript", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edgepixel-budget-"));
    // The production build: in other modes, libraries contain more than is deployed.
    vi.stubEnv("NODE_ENV", "production");
    await build(mergeConfig(dashboard, { build: { outDir: folder, copyPublicDir: false } }));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(CHUNKS.filter((chunk) => chunk !== "page"))(
    `is at most ${VIEW_KB} KB gzipped when only %s is opened, with charts and everything that it loads later`,
    (views) => {
      const others = CHUNKS.filter((chunk) => chunk !== "page" && chunk !== views);
      const loaded = scripts().filter((file) => !others.includes(chunkOf(file)));
      expect(new Set(scripts().map(chunkOf)).size).toBe(new Set(loaded.map(chunkOf)).size + others.length);
      expect(languages().map((files) => files.length)).toEqual(languages().map(() => 2));
      // The page waits for this file: if it imported something from the page, it would wait for ever.
      expect(languages().flatMap((files) => files.flatMap((file) => [...closure(file)]))).toEqual(languages().flat());
      expect(sum(loaded)).toBeLessThanOrEqual(VIEW_KB * KB);
    },
  );

  it(`is at most ${BEFORE_CHARTS_KB} KB before the first chart, gzipped, and draws nothing until then`, () => {
    const page = readFileSync(join(folder, "index.html"), "utf8");
    const entries = [...page.matchAll(/src="\/assets\/([\w-]+\.js)"/g)].map(([, file]) => file);
    const reports = scripts().filter((file) => chunkOf(file) === "reports");
    expect(reports).not.toEqual([]);
    const texts = largest().filter((file) => !file.includes("-administration-"));
    expect(texts).toHaveLength(1);
    const first = [...entries, ...reports, ...texts];
    const before = new Set(first.flatMap((file) => (file ? [...closure(file)] : [])));
    expect(before.size).toBeGreaterThan(1);
    expect([...before].filter((file) => file.startsWith("draw-"))).toEqual([]);
    expect(sum(before)).toBeLessThanOrEqual(BEFORE_CHARTS_KB * KB);
  });
});
