/** What the columns of a table are, how its rows are sorted and found, and which columns are shown. Pure. */
import type { ComponentChildren } from "preact";

/** An `average` is an amount for each of something: it is shown with two places. `ago` is a time, shown by how long ago it is. */
export type Kind = "text" | "count" | "money" | "average" | "rate" | "duration" | "date" | "time" | "ago";
export type Value = string | number | null;

type Shown<Row> = {
  title: string;
  hint?: string;
  kind: Kind;
  /** Of an amount: an ISO 4217 code. */
  currency?: (row: Row) => string;
  /** Amounts by currency that belong to the value and have no exchange rate: with any, the value is not known. */
  missing?: (row: Row) => Readonly<Record<string, string>>;
  /** It is no amount, and follows from amounts: who sees none does not see it. */
  telling?: true;
  /** The value is a sum: what is known of it is shown, and what is missing beside it. */
  summed?: true;
  /** How much of the total a row has is shown too. */
  share?: true;
  /** How many events or people the value rests on, where it is no count itself. */
  of?: (row: Row) => number;
  /** More of it is worse. */
  bad?: true;
  /** An older row has more of it, so it is not held against one of another period. */
  uncompared?: true;
  /** Sentences: it is given room for them. */
  prose?: true;
  /** Not among the columns that the table begins with. */
  optional?: true;
  /** Among the few that fit on a phone. */
  phone?: true;
  /** How a cell is shown where its value alone does not do. */
  show?: (row: Row) => ComponentChildren;
};

/**
 * A column by its name in the API and the CSV: it shows the row's field of that name, or what `value` makes of the row.
 * Amounts are decimals, rates parts of one, durations seconds, times ISO 8601. Null: there is none.
 */
export type Column<Row> = Shown<Row> &
  ({ name: keyof Row & string; value?: undefined } | { name: string; value: (row: Row) => Value });

export const valueAt = <Row>({ name, value }: Column<Row>, row: Row): Value =>
  value ? value(row) : ((row as Record<string, Value>)[name] ?? null);

const NUMERIC: readonly Kind[] = ["count", "money", "average", "rate", "duration"];
export const isNumeric = (kind: Kind): boolean => NUMERIC.includes(kind);

/** Whether a cell says how its figure changed. */
export const isCompared = <Row>({ kind, uncompared }: Column<Row>): boolean => isNumeric(kind) && !uncompared;

export const isTime = (kind: Kind): boolean => kind === "time" || kind === "ago";

/** Whether the row's value lacks amounts that have no exchange rate. */
export const isUnknown = <Row>({ missing }: Column<Row>, row: Row): boolean =>
  missing !== undefined && Object.keys(missing(row)).length > 0;

/** The class of a column's cells. */
export const classOf = <Row>({ kind, prose }: Column<Row>): string =>
  isNumeric(kind) ? `number ${kind}` : prose ? "prose" : kind;

export type Sort = { column: string; descending: boolean };

/** `-visits`: the largest first, as the API has it. What no column is called falls back to the first choice. */
export function readSort<Row>(columns: readonly Column<Row>[], asked: string | undefined, first: string): Sort {
  const known = asked !== undefined && columns.some(({ name }) => name === asked.replace(/^-/, ""));
  const sort = known ? asked : first;
  return { column: sort.replace(/^-/, ""), descending: sort.startsWith("-") };
}

/** Pressing a column again turns it round; figures begin with the largest, names with A. */
export function nextSort<Row>({ column, descending }: Sort, pressed: Column<Row>): string {
  const down = column === pressed.name ? !descending : pressed.kind !== "text";
  return `${down ? "-" : ""}${pressed.name}`;
}

const comparable = (kind: Kind, value: Value): string | number =>
  isNumeric(kind) ? (value === null ? Number.NEGATIVE_INFINITY : Number(value)) : String(value ?? "").toLowerCase();

/** A row as it is compared, and the same of the period that it is compared with. */
export type HeldAgainst<Row> = (row: Row) => { current: Row; earlier: Row } | undefined;

/** By how much a figure grew, in what it is counted in: of a per cent, small figures would have the largest. */
function changeIn<Row>(column: Column<Row>, held: ReturnType<HeldAgainst<Row>>): number {
  if (!held || isUnknown(column, held.current) || isUnknown(column, held.earlier)) return Number.NEGATIVE_INFINITY;
  const [now, before] = [valueAt(column, held.current), valueAt(column, held.earlier)];
  return now === null || before === null ? Number.NEGATIVE_INFINITY : Number(now) - Number(before);
}

/**
 * Rows whose heading contains what is sought, in order; equal ones by their heading. Those whose value is not known come
 * first in either order, as in the API: nobody takes them for small ones. With `held`, figures are sorted by their change.
 */
export function arrange<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { column, descending }: Sort,
  search: string,
  held?: HeldAgainst<Row>,
): Row[] {
  const [heading] = columns;
  const sorted = columns.find(({ name }) => name === column) ?? heading;
  if (!heading || !sorted) return [...rows];
  const sought = search.toLowerCase();
  const nameOf = (row: Row) => String(valueAt(heading, row) ?? "").toLowerCase();
  const sortable = (row: Row) =>
    held && isNumeric(sorted.kind) ? changeIn(sorted, held(row)) : comparable(sorted.kind, valueAt(sorted, row));
  return rows
    .filter((row) => nameOf(row).includes(sought))
    .sort((a, b) => {
      const [x, y] = [sortable(a), sortable(b)];
      const unknown = Number(isUnknown(sorted, b)) - Number(isUnknown(sorted, a));
      const order = x < y ? -1 : x > y ? 1 : 0;
      return unknown || (descending ? -order : order) || (nameOf(a) < nameOf(b) ? -1 : 1);
    });
}

/**
 * The columns to show: those that are asked for, else those that are not optional, of which a phone has the few that are named
 * for it. The heading is always shown.
 */
export function shownOf<Row>(
  columns: readonly Column<Row>[],
  asked: readonly string[],
  onPhone = false,
): Column<Row>[] {
  const chosen = columns.filter(({ name }, index) => index > 0 && asked.includes(name));
  const few = onPhone ? columns.filter(({ phone }) => phone) : [];
  const first = few.length > 0 ? few : columns.filter(({ optional }) => !optional);
  const shown = chosen.length > 0 ? chosen : first;
  return columns.filter((column, index) => index === 0 || shown.includes(column));
}
