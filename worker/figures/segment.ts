/** A segment of the log: the text of its events. */
import type { StoredEvent } from "../event.ts";
import { columnsBut } from "../log-columns.ts";

/** An event as the log keeps it: `duplicate_of` is the event that counts in its place, as far as was known when it came. */
export type LoggedEvent = StoredEvent & { duplicate_of: string | null };

const COLUMNS = columnsBut("seq");
type Name = (typeof COLUMNS)[number];
type Cell = LoggedEvent[Name];

/**
 * A column of a segment. What all events have is said once, and not at all where that is null; of few values each is said
 * once, and every event has its place among them: most columns are so.
 */
type Column = Cell | Cell[] | { values: Cell[]; at: number[] };
type Body = { events: number } & Partial<Record<Name, Column>>;

function columnOf(cells: readonly Cell[]): Column {
  const values = [...new Set(cells)];
  if (values.length === 1) return values[0] ?? null;
  if (values.length * 2 > cells.length) return [...cells];
  const places = new Map(values.map((value, place) => [value, place]));
  return { values, at: cells.map((cell) => places.get(cell) ?? 0) };
}

/** JSON of the events by column. */
export function bodyOf(events: readonly LoggedEvent[]): string {
  const body: Body = { events: events.length };
  for (const name of COLUMNS) {
    const column = columnOf(events.map((event) => event[name]));
    if (column !== null) body[name] = column;
  }
  return JSON.stringify(body);
}

const NO_EVENT = Object.fromEntries(COLUMNS.map((name) => [name, null])) as Record<Name, Cell>;

export function readBody(text: string): LoggedEvent[] {
  const body = JSON.parse(text) as Body;
  const events = Array.from({ length: body.events }, () => ({ ...NO_EVENT }));
  for (const name of COLUMNS) {
    const column = body[name] ?? null;
    if (column === null) continue;
    for (const [place, event] of events.entries()) {
      if (typeof column !== "object") event[name] = column;
      else if (Array.isArray(column)) event[name] = column[place] ?? null;
      else event[name] = column.values[column.at[place] ?? 0] ?? null;
    }
  }
  return events as LoggedEvent[];
}

/** Tests and bots count nowhere. */
export const canCount = ({ bot, test }: Pick<StoredEvent, "bot" | "test">): boolean => bot === null && test === 0;
