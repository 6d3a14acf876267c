/**
 * `npm run import -- FILE…`: pixel hits and events of long ago, from NDJSON, CSV and access logs. docs/import.md has the
 * options. It can be stopped at any time and run again: nothing is lost, and nothing counts twice.
 */
import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { here } from "./here.ts";
import { FORMAT_NAMES, type Format, guessFormat } from "./import/format.ts";
import { mappingOf } from "./import/mapping.ts";
import { Rejects } from "./import/rejects.ts";
import { reach, Stopped, type Target } from "./import/send.ts";
import { importSource, type Source } from "./import/source.ts";
import { State } from "./import/state.ts";
import { describe, noTally, type Tally, totalRefused } from "./import/tally.ts";
import { DEFAULT_URL, instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: DEFAULT_URL },
    project: { type: "string" },
    format: { type: "string" },
    type: { type: "string" },
    map: { type: "string", multiple: true, default: [] },
    set: { type: "string", multiple: true, default: [] },
    state: { type: "string" },
    rejects: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  },
});
const dry = values["dry-run"];
let begun = false;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

async function open(name: string, mapping: unknown, target: Target | null): Promise<Source> {
  const path = here(name);
  if (!existsSync(path)) throw new Stopped(`There is no file ${name}.`);
  const format = (values.format as Format | undefined) ?? (await guessFormat(path));
  const way = [format, mapping, target?.url, target?.project];
  const state = new State(values.state ? here(values.state) : `${path}.import.json`, path, way);
  const position = dry ? { end: 0, rejects: 0, tally: noTally() } : await state.load();
  return { name, path, format, state, position };
}

async function run(): Promise<void> {
  if (positionals.length === 0) throw new Stopped("Name the files: npm run import -- FILE… (see docs/import.md)");
  if (values.format !== undefined && !FORMAT_NAMES.includes(values.format as Format))
    throw new Stopped(`--format must be one of ${FORMAT_NAMES.join(", ")}`);
  const mapping = mappingOf({ map: values.map, set: values.set, type: values.type });
  const target = dry ? null : await reach(instanceAt(values.url), values.project);
  const sources: Source[] = [];
  for (const name of new Set(positionals)) sources.push(await open(name, mapping, target));

  const rejects = values.rejects
    ? new Rejects(here(values.rejects), Math.max(...sources.map(({ position }) => position.rejects)))
    : null;
  const bytes = sources.reduce((sum, { path }) => sum + statSync(path).size, 0);
  let read = 0;
  const sum = (of: (tally: Tally) => number) => sources.reduce((all, { position }) => all + of(position.tally), 0);
  const bar = showProgress(() => {
    const done = `${sum((tally) => tally.accepted).toLocaleString("en")} ${dry ? "valid" : "accepted"}`;
    return {
      share: bytes === 0 ? 1 : read / bytes,
      text: `${done}, ${sum(totalRefused).toLocaleString("en")} refused`,
    };
  });
  begun = !dry;
  try {
    for (const source of sources) {
      await importSource(source, { mapping, target, rejects }, (bytes) => {
        read += bytes;
      });
    }
  } finally {
    bar.end();
    for (const { name, position } of sources) console.log(describe(name, position.tally, dry).join("\n"));
    if (rejects) console.log(`Refused lines, with the reasons: ${values.rejects}`);
    rejects?.close();
  }
}

await run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  fail(begun ? `${message}\nWhat was accepted is safe. Run the same command again to go on.` : message);
});
