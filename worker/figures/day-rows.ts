/** Rows of days: which ones change, and their columns with the changes in them. */
import { ANY_TAG } from "../projections/resolve.ts";
import { type Changes, columnOf, EVERYBODY, widthOf } from "./changes.ts";
import { Reader, wholeText } from "./numbers.ts";
import { COLUMNS, type Column } from "./parts.ts";
import { mergedText, type Sums } from "./tally.ts";
import type { Words } from "./words.ts";

/** The lines of a row that change, by their numbers, each with its entries. */
export type Line = { number: number; entries: [number, Sums][] };
export type DayChange = { scope: string; date: number; lines: Line[] };
export type DayTexts = Record<Column, string>;

const EMPTY: DayTexts = { counts: "", life: "", cells: "", hours: "" };
const BETWEEN = "\n";

/** Without what comes to nothing. */
export function dayChanges(changes: Changes, words: Words): DayChange[] {
  const days: DayChange[] = [];
  for (const [scope, dates] of changes.scopes) {
    for (const [date, { lines }] of dates) {
      const changed: Line[] = [];
      for (const [number, tally] of lines) {
        const entries = tally.entries();
        if (entries.length > 0) changed.push({ number, entries });
      }
      const name = scope === EVERYBODY ? ANY_TAG : words.name(scope);
      if (changed.length > 0) days.push({ scope: name, date, lines: changed });
    }
  }
  return days;
}

export function mergedDay(texts: DayTexts = EMPTY, lines: readonly Line[], words: Words): DayTexts {
  const merged = { ...texts };
  for (const column of COLUMNS) {
    const own = lines.filter(({ number }) => columnOf(number) === column);
    if (own.length === 0) continue;
    merged[column] = column === "counts" ? mergedCounts(texts.counts, own, words) : mergedLines(texts[column], own);
  }
  return merged;
}

/** `{"visit":[people,events]}`; under an empty name, of any type. */
function mergedCounts(text: string, lines: readonly Line[], words: Words): string {
  const counts: Record<string, [number, number]> = text === "" ? {} : JSON.parse(text);
  for (const [type, [people, events]] of lines.flatMap(({ entries }) => entries)) {
    const name = words.name(type);
    const [peopleBefore, eventsBefore] = counts[name] ?? [0, 0];
    counts[name] = [peopleBefore + people, eventsBefore + events];
    if (eventsBefore + events === 0) delete counts[name];
  }
  return JSON.stringify(counts);
}

function mergedLines(text: string, lines: readonly Line[]): string {
  const bodies = new Map<number, string>();
  for (const [number, body] of readLines(text)) bodies.set(number, body);
  for (const { number, entries } of lines) {
    const body = mergedText(bodies.get(number) ?? "", entries, widthOf(number));
    if (body === "") bodies.delete(number);
    else bodies.set(number, body);
  }
  const all: string[] = [];
  for (const [number, body] of bodies) all.push(wholeText(number) + body);
  return all.join(BETWEEN);
}

/** Lines of a column by their numbers: see `lineOf` and `readTally`. */
export function* readLines(text: string): Generator<[number, string]> {
  if (text === "") return;
  for (const line of text.split(BETWEEN)) {
    const reader = new Reader(line);
    yield [reader.whole(), reader.rest()];
  }
}
