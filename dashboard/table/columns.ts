/** What the columns of a table are, how its rows are sorted and found, and which columns are shown. Pure. */
import type { ComponentChildren } from "preact";

/** An `average` is an amount for each of something: it is shown with two places. `ago` is a time, shown by how long ago it is. */
export type Kind = "text" | "count" | "money" | "average" | "rate" | "duration" | "date" | "time" | "ago";
export type Value = string | number | null;

type Shown<Row> = {
  title: string;
  hint?: string;
  kind: Kind;
  /** For an amount: an ISO 4217 code. */
  currency?: (row: Row) => string;
  /** Amounts by currency that belong to the value and have no exchange rate: with any, the value is not known. */
  missing?: (row: Row) => Readonly<Record<string, string>>;
  /** It is no amount, but follows from amounts: readers from whom these are hidden do not see it. */
  telling?: true;
  /** The value is a sum: the known part is shown, followed by what is missing. */
  summed?: true;
  /** The row's share of the total is shown, too. */
  share?: true;
  /** The number of events or people that the value is made from, if it is no count. */
  of?: (row: Row) => number;
  /** More of it is worse. */
  bad?: true;
  /** An older row has more of it, so it is not compared with another period. */
  uncompared?: true;
  /** It has sentences, which need room. */
  prose?: true;
  /** Not a default column. */
  optional?: true;
  /** Among the few that fit on a phone. */
  phone?: true;
  /** How a cell is shown, if not by its value alone. */
  show?: (row: Row) => ComponentChildren;
};

/**
 * A column, named as in the API and the CSV: it shows the row's field of that name, or the result of `value`. Amounts are
 * decimals, rates parts of one, durations seconds, times ISO 8601. Null: there is none.
 */
export type Column<Row> = Shown<Row> &
  ({ name: keyof Row & string; value?: undefined } | { name: string; value: (row: Row) => Value });

export const valueAt = <Row>({ name, value }: Column<Row>, row: Row): Value =>
  value ? value(row) : ((row as Record<string, Value>)[name] ?? null);

const NUMERIC: readonly Kind[] = ["count", "money", "average", "rate", "duration"];
export const isNumeric = (kind: Kind): boolean => NUMERIC.includes(kind);

/** Whether a cell shows the change of its figure. */
export const isCompared = <Row>({ kind, uncompared }: Column<Row>): boolean => isNumeric(kind) && !uncompared;

export const isTime = (kind: Kind): boolean => kind === "time" || kind === "ago";

/** Whether the row's value lacks amounts that have no exchange rate. */
export const isUnknown = <Row>({ missing }: Column<Row>, row: Row): boolean =>
  missing !== undefined && Object.keys(missing(row)).length > 0;

/** The class of a column's cells. */
export const classOf = <Row>({ kind, prose }: Column<Row>): string =>
  isNumeric(kind) ? `number ${kind}` : prose ? "prose" : kind;

export type Sort = { column: string; descending: boolean };

/** `-visits`: the largest first, as in the API. An unknown column is replaced by the default order. */
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

/** The figures of a row that are compared, and the same figures of the period of comparison. */
export type HeldAgainst<Row> = (row: Row) => { current: Row; earlier: Row } | undefined;

/** The absolute growth of a figure: in per cent, small figures would grow most. */
function changeIn<Row>(column: Column<Row>, held: ReturnType<HeldAgainst<Row>>): number {
  if (!held || isUnknown(column, held.current) || isUnknown(column, held.earlier)) return Number.NEGATIVE_INFINITY;
  const [now, before] = [valueAt(column, held.current), valueAt(column, held.earlier)];
  return now === null || before === null ? Number.NEGATIVE_INFINITY : Number(now) - Number(before);
}

/**
 * Rows whose heading contains what is sought, in order; equal ones by their heading. Rows whose value is not known come
 * first in either order, as in the API, so that they do not look small. With `held`, figures are sorted by their change.
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
 * The columns to show: those that were chosen, else those that are not optional; a phone has the few that are marked for
 * it. The heading is always shown.
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
