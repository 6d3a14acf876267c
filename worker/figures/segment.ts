/** A segment of the log: the text of its events, and what figures need of each. */
import type { StoredEvent } from "../event.ts";
import { columnsBut } from "../log-columns.ts";

/** An event as the log keeps it: `duplicate_of` is the event that counts in its place, as far as was known when it came. */
export type LoggedEvent = StoredEvent & { duplicate_of: string | null };

/** In the order of the log's columns, so that SQL finds an event's fields by their place. */
const COLUMNS = columnsBut("seq");
type Cell = string | number | null;

/** The events as arrays, one array a line. */
export const bodyOf = (events: readonly LoggedEvent[]): string =>
  `[${events.map((event) => JSON.stringify(COLUMNS.map((column) => event[column]))).join(",\n")}]`;

export const readBody = (body: string): LoggedEvent[] =>
  (JSON.parse(body) as Cell[][]).map(
    (cells) => Object.fromEntries(COLUMNS.map((column, place) => [column, cells[place]])) as unknown as LoggedEvent,
  );

/** Tests and bots count nowhere. */
export const canCount = ({ bot, test }: Pick<StoredEvent, "bot" | "test">): boolean => bot === null && test === 0;
