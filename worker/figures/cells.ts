/** The counts of people, events and money in rows of days, divided as a report asks. */
import { cellOf, type DimensionName, HOURS } from "./counters/dimensions.ts";
import { entriesOf } from "./day-texts.ts";
import type { Column, PartName } from "./parts.ts";
import { unpair } from "./state.ts";
import { ANY_TYPE, DEPOSITORS, PAYERS, PURCHASERS, type Words } from "./words.ts";

/** How figures are divided. They are kept by tag and by one dimension, so at most one dimension can be given. */
export type Divided = {
  hourly: boolean;
  /** Only these types, which may include the names for "any type" and for the payers; null means every type of an event. */
  types: readonly string[] | null;
  dimension: DimensionName;
  /** Only this value of the dimension; null means every value. */
  value: string | null;
};

/**
 * What a figure is about: a day or an hour; one tag, or all tags where `tag` is null; a type; and a value of the
 * dimension, `''` where there is no dimension.
 */
export type CellPlace = {
  tag: string | null;
  event_date: string;
  event_hour: number | null;
  event_type: string;
  value: string;
};
export type Cell = CellPlace & { people: number; events: number };
export type MoneyCell = CellPlace & { currency: string; payments: number; whole: number; fraction: number };

/** The columns with the cells, and with the money. */
export const cellsColumn = ({ hourly, dimension }: Divided): Column =>
  hourly ? "hours" : dimension === "none" ? "counts" : "cells";
export const moneyColumn = ({ hourly }: Divided): Column => (hourly ? "hours" : "cells");

/** A row with the requested column. */
export type DayText = { tag: string | null; event_date: string; text: string };

/** Names that are used in the place of a type but are not types. */
const NO_TYPES: readonly string[] = [ANY_TYPE, PAYERS, PURCHASERS, DEPOSITORS];

const isWanted = ({ types }: Divided, name: string): boolean =>
  types === null ? !NO_TYPES.includes(name) : types.includes(name);

type Entry = { line: number; event_hour: number | null; value: string; sums: readonly number[] };

/** The entries of a part in the requested dimension. */
function* divided(text: string, part: PartName, asked: Divided, words: Words): Generator<Entry> {
  for (const { line, key, sums } of entriesOf(text, part)) {
    const cell = cellOf(key);
    if (cell.dimension?.name !== asked.dimension) continue;
    const value = words.name(cell.value);
    if (asked.value !== null && value !== asked.value) continue;
    const hour = asked.hourly
      ? { line: Math.floor(line / HOURS), event_hour: line % HOURS }
      : { line, event_hour: null };
    yield { ...hour, value, sums };
  }
}

/** People and events of one row. */
export function cellsOf({ tag, event_date, text }: DayText, asked: Divided, words: Words): Cell[] {
  const place = { tag, event_date };
  if (cellsColumn(asked) === "counts") {
    const counts = Object.entries(JSON.parse(text) as Record<string, [number, number]>);
    return counts
      .filter(([event_type]) => isWanted(asked, event_type))
      .map(([event_type, [people, events]]) => ({ ...place, event_hour: null, event_type, value: "", people, events }));
  }
  const cells: Cell[] = [];
  for (const { line, event_hour, value, sums } of divided(
    text,
    asked.hourly ? "cells_by_hour" : "cells",
    asked,
    words,
  )) {
    const event_type = words.name(line);
    const [people = 0, events = 0] = sums;
    if (isWanted(asked, event_type)) cells.push({ ...place, event_hour, event_type, value, people, events });
  }
  return cells;
}

/** Amounts of one row, by currency. */
export function moneyOf({ tag, event_date, text }: DayText, asked: Divided, words: Words): MoneyCell[] {
  const cells: MoneyCell[] = [];
  for (const { line, event_hour, value, sums } of divided(
    text,
    asked.hourly ? "money_by_hour" : "money",
    asked,
    words,
  )) {
    const [event_type = "", currency = ""] = unpair(line).map((code) => words.name(code));
    const [payments = 0, whole = 0, fraction = 0] = sums;
    if (isWanted(asked, event_type))
      cells.push({ tag, event_date, event_hour, event_type, value, currency, payments, whole, fraction });
  }
  return cells;
}
