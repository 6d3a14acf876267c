/**
 * `npm run import -- FILE…`: pixel hits and events of long ago, from NDJSON, CSV and access logs. docs/import.md has the
 * options. It can be stopped at any time and run again: nothing is lost, and nothing counts twice.
 */
import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { isTimezone } from "../worker/calendar.ts";
import { here } from "./here.ts";
import type { Decimal } from "./import/amount.ts";
import { headerOf } from "./import/csv.ts";
import { FORMAT_NAMES, type Format, guessFormat } from "./import/format.ts";
import { pathsOf } from "./import/hit.ts";
import { isEncoding, linesOf } from "./import/lines.ts";
import { checkColumns, mappingOf } from "./import/mapping.ts";
import { PRESET_NAMES, PRESETS } from "./import/presets.ts";
import { Rejects } from "./import/rejects.ts";
import { reach, Stopped } from "./import/send.ts";
import { importSource, type Source } from "./import/source.ts";
import { State } from "./import/state.ts";
import { describe, isUnread, noTally, type Tally, totalRefused } from "./import/tally.ts";
import type { Clock } from "./import/time.ts";
import { whereOf } from "./import/where.ts";
import { DEFAULT_URL, instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: DEFAULT_URL },
    project: { type: "string" },
    format: { type: "string" },
    encoding: { type: "string" },
    preset: { type: "string" },
    type: { type: "string" },
    map: { type: "string", multiple: true, default: [] },
    set: { type: "string", multiple: true, default: [] },
    "type-of": { type: "string", multiple: true, default: [] },
    where: { type: "string", multiple: true, default: [] },
    path: { type: "string", multiple: true, default: [] },
    timezone: { type: "string" },
    dates: { type: "string" },
    decimal: { type: "string" },
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

/** One of a few words, or none. */
function oneOf<Word extends string>(
  option: "format" | "preset" | "dates" | "decimal",
  words: readonly Word[],
): Word | null {
  const given = values[option];
  if (given !== undefined && !words.includes(given as Word))
    throw new Stopped(`--${option} must be one of ${words.join(", ")}`);
  return (given as Word | undefined) ?? null;
}

async function run(): Promise<void> {
  if (positionals.length === 0) throw new Stopped("Name the files: npm run import -- FILE… (see docs/import.md)");
  const named = oneOf<Format>("format", FORMAT_NAMES);
  const preset = oneOf("preset", PRESET_NAMES) ?? undefined;
  const dates = oneOf<NonNullable<Clock["dates"]>>("dates", ["dmy", "mdy"]);
  const decimal = oneOf<NonNullable<Decimal>>("decimal", ["point", "comma"]);
  const { encoding, map, set, type, where, "type-of": typeOf } = values;
  if (encoding !== undefined && !isEncoding(encoding))
    throw new Stopped(`--encoding ${encoding}: write a name such as windows-1252, windows-1251, utf-16le or shift_jis`);
  if (values.timezone !== undefined && !isTimezone(values.timezone))
    throw new Stopped(`--timezone ${values.timezone}: write a name such as Europe/Kyiv or UTC`);
  const mapping = mappingOf({ map, set, type, where, typeOf, preset });
  const paths = pathsOf(values.path);
  const target = dry ? null : await reach(instanceAt(values.url), values.project);
  const own = values.timezone ?? (preset && PRESETS[preset]?.timezone);
  const clock: Clock = {
    timezone: own ?? target?.timezone ?? "UTC",
    // A dry run asks nobody, so it does not know that clock; whether a time is taken hangs on it at the edges alone.
    ...(dry && !own && { called: "the project's own clock" }),
    dates,
  };

  const ownColumns = [...mappingOf({ map, set: [] }).columns.flatMap(([, ...from]) => from), ...whereOf(where).keys()];
  // All that decides what a line becomes; JSON leaves out what is undefined.
  const how = { ...values, state: undefined, rejects: undefined, url: undefined, "dry-run": undefined };
  const sources: Source[] = [];
  for (const name of new Set(positionals)) {
    const path = here(name);
    if (!existsSync(path)) throw new Stopped(`There is no file ${name}.`);
    const format = named ?? (await guessFormat(path, encoding));
    if (format === "csv") checkColumns(await headerOf(linesOf(path, { encoding })), mapping, ownColumns);
    const way = [format, how, target?.url, target?.project, clock];
    const state = new State(values.state ? here(values.state) : `${path}.import.json`, path, way);
    const position = dry ? { end: 0, rejects: 0, tally: noTally() } : await state.load();
    sources.push({ name, path, format, state, position });
  }

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
      await importSource(source, { mapping, paths, encoding, clock, decimal, target, rejects }, (bytes) => {
        read += bytes;
      });
    }
  } finally {
    bar.end();
    for (const { name, position } of sources) console.log(describe(name, position.tally, dry).join("\n"));
    if (rejects) console.log(`Refused lines, with the reasons: ${values.rejects}`);
    rejects?.close();
  }
  const unread = sources.filter(({ position }) => isUnread(position.tally)).map(({ name }) => name);
  if (unread.length > 0) {
    begun = false;
    throw new Stopped(`Not one line of ${unread.join(", ")} is an event: the reasons are above.`);
  }
}

await run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  fail(begun ? `${message}\nWhat was accepted is safe. Run the same command again to go on.` : message);
});
