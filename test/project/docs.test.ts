/** The docs are complete: every command, route and error code is in them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { FORMAT_NAMES } from "../../scripts/import/format.ts";
import { PRESET_NAMES as IMPORT_PRESETS } from "../../scripts/import/presets.ts";
import { CONDITION_KINDS } from "../../worker/alerts/condition.ts";
import { CHANNEL_KINDS } from "../../worker/channels/channel.ts";
import { ERROR_CODES } from "../../worker/event.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const filesIn = (folder: string, ending: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));

const docs = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...filesIn("docs", ".md")].map((file) => ({
  file,
  text: read(file),
}));
const textOf = (...files: string[]) =>
  docs
    .filter(({ file }) => files.includes(file))
    .map(({ text }) => text)
    .join("\n");
const everything = docs.map(({ text }) => text).join("\n");

describe("commands", () => {
  const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
  const own = new Set(["ci", "install"]);

  it.each(scripts)("%s is documented", (script) => {
    const command = script === "start" || script === "test" ? `npm (?:run )?${script}` : `npm run ${script}`;
    const documented = new RegExp(`${command}(?![\\w:-])`).test(textOf("README.md", "CONTRIBUTING.md"));
    expect(documented, `npm run ${script} stands in README.md or CONTRIBUTING.md`).toBe(true);
  });

  it.each(["npm ci && npm start", "npm ci && npm test"])("%s is among the README's commands", (command) => {
    expect(textOf("README.md")).toContain(`| \`${command}\` |`);
  });

  it("that the docs name exist", () => {
    const named = docs.flatMap(({ file, text }) =>
      [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(ci|install|start|test)\b)/g)].map(([, run, short]) => ({
        file,
        script: (run ?? short) as string,
      })),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter(({ script }) => !own.has(script) && !scripts.includes(script))).toEqual([]);
  });
});

describe("routes", () => {
  /** The routes in the OpenAPI document's entries and the reports; a test of the Worker compares these with its routes. */
  const paths = new Set(
    ["worker/openapi", "worker/reports"].flatMap((folder) =>
      filesIn(folder, ".ts").flatMap((file) =>
        [...read(file).matchAll(/(?:\bpath: |\bpixel\()"(\/[^"]+)"/g)].map(([, path = ""]) =>
          path.replace(/:(\w+)/g, "{$1}"),
        ),
      ),
    ),
  );

  it("are found", () => expect(paths.size).toBeGreaterThan(15));

  it.each([...paths])("%s is documented", (path) => {
    // A parameter may have any name; a route of the API may be written without its prefix.
    const pattern = path
      .replace(/[.*+?^$()|[\]\\]/g, "\\$&")
      .replace(/\{\w+\}/g, "(?:\\{\\w+\\}|<\\w+>)")
      .replace(/^\/api\/v1/, "(?:/api/v1)?")
      .replace(/\/$/, "/?");
    const documented = new RegExp(`${pattern}(?![\\w/{<-])`).test(everything);
    expect(documented, `${path} stands in README.md or docs/`).toBe(true);
  });
});

describe("docs/alerts.md", () => {
  it.each([...CONDITION_KINDS, ...CHANNEL_KINDS])("has a row for the kind %s", (kind) => {
    expect(textOf("docs/alerts.md")).toContain(`\n| \`${kind}\` | `);
  });
});

describe("error codes", () => {
  it.each(ERROR_CODES)("%s is explained", (code) => {
    const explained = textOf("docs/pixels.md", "docs/events.md").includes(`\`${code}\``);
    expect(explained, `${code} stands in docs/pixels.md or docs/events.md`).toBe(true);
  });
});

describe("docs/import.md", () => {
  const text = read("docs/import.md");
  it.each(IMPORT_PRESETS)("has a row for the preset %s", (name) => expect(text).toContain(`\n| \`${name}\` |`));
  it("has every format, among the options and in its own section", () => {
    const [option = ""] = /\| `--format NAME` \|.*/.exec(text) ?? [];
    expect(FORMAT_NAMES.filter((name) => !option.includes(`\`${name}\``))).toEqual([]);
    const itself = (name: string) => text.includes(`\n| \`${name}\` |`) || text.includes(`\n**${name.toUpperCase()}**`);
    expect(FORMAT_NAMES.filter((name) => !itself(name))).toEqual([]);
  });
});

describe("the decision about the event log", () => {
  it("names every index of the log, since each costs written rows", () => {
    const indices = new Set<string>();
    for (const file of filesIn("migrations", ".sql").sort())
      for (const [, made, dropped] of read(file).matchAll(
        /CREATE (?:UNIQUE )?INDEX (\w+) ON events |DROP INDEX (\w+)/g,
      ))
        if (made) indices.add(made);
        else indices.delete(dropped as string);
    expect(indices.size).toBeGreaterThan(1);
    const text = read("docs/adr/0001-event-log.md");
    expect([...indices].filter((name) => !text.includes(`| \`${name}\``))).toEqual([]);
  });
});
