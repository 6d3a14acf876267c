/**
 * Rows of days. A run appends its sums to a row without reading it, and a reader adds them up. Once as much was appended as
 * the row had, the run reads the row and packs it: each sum is then there once. So a run moves few bytes, and a row is at
 * most twice as long as its figures.
 */
import { type Changes, columnOf, lineOf, widthOf } from "./changes.ts";
import { Reader, Writer } from "./numbers.ts";
import type { Column, PartName } from "./parts.ts";
import { codeName } from "./scopes.ts";
import { addText, type Entry, Tally, writeTally } from "./tally.ts";
import type { Words } from "./words.ts";

/** The lines of a row that change, by number, with their entries. */
export type Line = { number: number; entries: Entry[] };
export type DayChange = { scope: string; date: number; lines: Line[] };

/** The columns that runs append to. */
export type Texts = Record<Exclude<Column, "counts">, string>;
const TEXTS = ["life", "cells", "hours"] as const satisfies readonly (keyof Texts)[];

/** The end of each line. */
const END = "\n";

/** Without sums of zero. */
export function dayChanges(changes: Changes, words: Words): DayChange[] {
  const days: DayChange[] = [];
  for (const [scope, dates] of changes.scopes) {
    for (const [date, { lines }] of dates) {
      const changed: Line[] = [];
      for (const [number, tally] of lines) {
        const entries = tally.entries();
        if (entries.length > 0) changed.push({ number, entries });
      }
      if (changed.length > 0) days.push({ scope: codeName(scope, words), date, lines: changed });
    }
  }
  return days;
}

const writer = new Writer();

function textOf(lines: readonly Line[], column: Column): string {
  let text = "";
  for (const { number, entries } of lines) {
    if (columnOf(number) !== column) continue;
    writer.begin();
    writer.whole(number);
    writeTally(writer, entries, widthOf(number));
    text += writer.take() + END;
  }
  return text;
}

export const dayTexts = (lines: readonly Line[]): Texts => ({
  life: textOf(lines, "life"),
  cells: textOf(lines, "cells"),
  hours: textOf(lines, "hours"),
});

export const lengthOf = (texts: Texts): number => TEXTS.reduce((length, name) => length + texts[name].length, 0);

/** The lines of a column by number (see `lineOf`), with all that was written of each added up: of all parts, or of one. */
export function readLines(text: string, part?: PartName): Map<number, Tally> {
  const lines = new Map<number, Tally>();
  for (const line of text.split(END)) {
    if (line === "") continue;
    const reader = new Reader(line);
    const number = reader.whole();
    if (part !== undefined && lineOf(number).part !== part) continue;
    const tally = lines.get(number) ?? new Tally();
    lines.set(number, tally);
    addText(tally, reader.rest(), widthOf(number));
  }
  return lines;
}

/** Texts that have each sum once. @throws where a sum is negative. */
export function packed(texts: Texts): Texts {
  const read = TEXTS.flatMap((name) => [...readLines(texts[name])]);
  const lines = read.map(([number, tally]) => ({ number, entries: tally.entries() }));
  for (const { number, entries } of lines)
    for (const [key, sums] of entries)
      if (sums.some((sum) => sum < 0)) throw new RangeError(`Line ${number} has ${sums} at ${key}, which is negative.`);
  return dayTexts(lines.filter(({ entries }) => entries.length > 0));
}

/** Joins two texts of a column. */
export const joined = (one: Texts, other: Texts): Texts => ({
  life: one.life + other.life,
  cells: one.cells + other.cells,
  hours: one.hours + other.hours,
});

/** `{"visit":[people,events]}`; the empty name is any type. */
export function mergedCounts(text: string, lines: readonly Line[], words: Words): string {
  const counts: Record<string, [number, number]> = text === "" ? {} : JSON.parse(text);
  for (const { number, entries } of lines) {
    if (columnOf(number) !== "counts") continue;
    for (const [type, [people, events]] of entries) {
      const name = words.name(type);
      const [peopleBefore, eventsBefore] = counts[name] ?? [0, 0];
      counts[name] = [peopleBefore + people, eventsBefore + events];
      if (eventsBefore + events === 0) delete counts[name];
    }
  }
  return JSON.stringify(counts);
}
