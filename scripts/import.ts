/**
 * `npm run import -- FILE…`: imports past pixel hits and events from NDJSON, CSV and access logs. docs/import.md has the
 * options. It can be stopped at any time and run again: nothing is lost, and nothing counts twice.
 */
import { existsSync, statSync } from "node:fs";
import { isTimezone } from "../worker/calendar.ts";
import { readCommand, run, URL_OPTION } from "./command.ts";
import { here } from "./here.ts";
import { headerOf } from "./import/csv.ts";
import { FORMAT_NAMES, guessFormat } from "./import/format.ts";
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
import { instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";

const { values, positionals } = readCommand({
  name: "npm run import",
  help: "Takes pixel hits and events of any age from files; docs/import.md has more about each option.",
  arguments: "FILE…",
  options: {
    ...URL_OPTION,
    project: { value: "ID", help: "the project that they are for; else the key's" },
    format: { value: "NAME", words: FORMAT_NAMES, help: "how the files are written, where it is not guessed" },
    encoding: { value: "NAME", help: "of their text, such as windows-1251" },
    preset: { value: "NAME", words: PRESET_NAMES, help: "the tracker that exported them" },
    type: { value: "TYPE", help: "the event type of every line" },
    map: { value: "FIELD=COLUMN", multiple: true, help: "a field by the column that has it" },
    set: { value: "FIELD=VALUE", multiple: true, help: "a field that is the same in every line" },
    "type-of": { value: "WORD=TYPE", multiple: true, help: "an event type by the word that they have for it" },
    where: { value: "COLUMN=VALUE", multiple: true, help: "takes those lines alone" },
    path: { value: "PATH", multiple: true, help: "of a log, where pixels were served" },
    timezone: { value: "ZONE", help: "of times without one" },
    dates: { value: "ORDER", words: ["dmy", "mdy"], help: "of 03/04/2026" },
    decimal: { value: "SIGN", words: ["point", "comma"], help: "of amounts" },
    state: { value: "FILE", help: "where it is kept how far it is" },
    rejects: { value: "FILE", help: "gets the lines that are refused, with the reasons" },
    "dry-run": { help: "reads everything and sends nothing" },
  },
});
const dry = values["dry-run"];
let begun = false;

async function importAll(): Promise<void> {
  if (positionals.length === 0) throw new Stopped("Name the files: npm run import -- FILE… (see docs/import.md)");
  const { format: named, preset, encoding, map, set, type, where, "type-of": typeOf } = values;
  const [dates, decimal] = [values.dates ?? null, values.decimal ?? null];
  if (encoding !== undefined && !isEncoding(encoding))
    throw new Stopped(`--encoding ${encoding}: write a name such as windows-1252, windows-1251, utf-16le or shift_jis`);
  if (values.timezone !== undefined && !isTimezone(values.timezone))
    throw new Stopped(`--timezone ${values.timezone}: write a name such as Europe/Kyiv or UTC`);
  const mapping = mappingOf({ map, set, type, where, typeOf, preset });
  const paths = pathsOf(values.path);
  const target = dry ? null : await reach(instanceAt(values.url), values.project);
  const timezone = values.timezone ?? (preset && PRESETS[preset]?.timezone);
  const clock: Clock = {
    timezone: timezone ?? target?.timezone ?? "UTC",
    // A dry run asks no server, so it does not know the project's time zone. This matters only for times close to the limits.
    ...(dry && !timezone && { called: "the project's own clock" }),
    dates,
  };

  const ownColumns = [...mappingOf({ map, set: [] }).columns.flatMap(([, ...from]) => from), ...whereOf(where).keys()];
  // All options that affect how a line is read; JSON leaves out undefined values.
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
  const sum = (countOf: (tally: Tally) => number) =>
    sources.reduce((all, { position }) => all + countOf(position.tally), 0);
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

await run(importAll, () => (begun ? "What was accepted is safe. Run the same command again to go on." : null));
