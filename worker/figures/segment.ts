/** A segment of the log: the text of its events. */
import type { StoredEvent } from "../event.ts";
import { columnsBut } from "../log-columns.ts";

/** `duplicate_of` is the event that counts instead, as far as was known on arrival. */
type Duplicate = { duplicate_of: string | null };

/** An event as it is appended to the log, and as it is read from it. */
export type Logged = Duplicate & { event: StoredEvent };
export type LoggedEvent = StoredEvent & Duplicate;

const COLUMNS = columnsBut("seq");
type Name = (typeof COLUMNS)[number];
type Cell = LoggedEvent[Name];

/**
 * A column of a segment. If all events have the same value, it is written once, and null is not written at all. If there are
 * few different values, which most columns have, each is written once, and every event has the index of its value.
 */
type Column = Cell | Cell[] | { values: Cell[]; at: number[] };
type Body = { events: number } & Partial<Record<Name, Column>>;

function columnOf(cells: readonly Cell[]): Column {
  const first = cells[0] ?? null;
  if (cells.every((cell) => cell === first)) return first;
  const values = [...new Set(cells)];
  if (values.length * 2 > cells.length) return [...cells];
  const places = new Map(values.map((value, place) => [value, place]));
  return { values, at: cells.map((cell) => places.get(cell) ?? 0) };
}

/** The events as JSON, by column. */
export function bodyOf(rows: readonly Logged[]): string {
  const body: Body = { events: rows.length };
  for (const name of COLUMNS) {
    const column = columnOf(
      rows.map(({ event, duplicate_of }) => (name === "duplicate_of" ? duplicate_of : event[name])),
    );
    if (column !== null) body[name] = column;
  }
  return JSON.stringify(body);
}

type Cells = Record<Name, Cell>;
const NO_EVENT = Object.fromEntries(COLUMNS.map((name) => [name, null])) as Cells;

function cellOf(column: Column, place: number): Cell {
  if (column === null || typeof column !== "object") return column;
  if (Array.isArray(column)) return column[place] ?? null;
  return column.values[column.at[place] ?? 0] ?? null;
}

export function readBody(text: string): LoggedEvent[] {
  const body = JSON.parse(text) as Body;
  const events = Array.from({ length: body.events }, () => ({ ...NO_EVENT }));
  for (const name of COLUMNS) {
    const column = body[name] ?? null;
    if (column === null) continue;
    for (let place = 0; place < events.length; place++) (events[place] as Cells)[name] = cellOf(column, place);
  }
  return events as LoggedEvent[];
}

/** Events of tests and bots are in no figure. */
export const canCount = ({ bot, test }: Pick<StoredEvent, "bot" | "test">): boolean => bot === null && test === 0;
