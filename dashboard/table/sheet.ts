/** A table as it is shown, as CSV for a spreadsheet: the same rows and columns, one currency a column, times on the project's clock. */
import { BYTE_ORDER_MARK, type Cell, csvLine } from "../../worker/reports/csv.ts";
import { sortableTime } from "../format.ts";
import { words } from "../words.ts";
import { type Column, type HeldAgainst, isCompared, isTime, isUnknown, valueAt } from "./columns.ts";

export type Sheet<Row> = {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  timezone: string;
  before?: { of: HeldAgainst<Row>; called: string } | undefined;
};
/** A column of the file: its heading, and its cell in each row. */
type Filed<Row> = { head: string; cell: (row: Row) => Cell };

/** Values that are no numbers are text; unknown values are empty. */
function cellOf<Row>(column: Column<Row>, row: Row, timezone: string): Cell {
  const value = valueAt(column, row);
  if (value === null || (isUnknown(column, row) && !column.summed)) return null;
  return isTime(column.kind) ? sortableTime(String(value), timezone) : value;
}

function filed<Row>(column: Column<Row>, { rows, timezone, before }: Sheet<Row>): Filed<Row>[] {
  const { title, kind, currency, missing } = column;
  const cell = (row: Row) => cellOf(column, row, timezone);
  const codes = (codesOf: (row: Row) => readonly string[]) => [...new Set(rows.flatMap(codesOf))].sort();
  const isMoney = kind === "money" || kind === "average";
  const currencies = isMoney ? codes((row) => [currency?.(row) ?? "USD"]) : [];
  const known = currencies.length > 1 ? currencies : [undefined];
  const unit = kind === "duration" ? words.table.seconds : isTime(kind) ? timezone : currencies.join();
  return [
    ...known.map((code) => ({
      head: code ? `${title} (${code})` : unit ? `${title} (${unit})` : title,
      cell: (row: Row) => (code && currency?.(row) !== code ? null : cell(row)),
    })),
    ...(missing ? codes((row) => Object.keys(missing(row))) : []).map((code) => ({
      head: words.table.withoutAnExchangeRate(title, code),
      cell: (row: Row) => missing?.(row)[code] ?? null,
    })),
    ...(before && isCompared(column)
      ? [
          {
            head: `${title}, ${before.called}`,
            cell: (row: Row) => {
              const held = before.of(row);
              return held ? cell(held.earlier) : null;
            },
          },
        ]
      : []),
  ];
}

export function sheetOf<Row>(sheet: Sheet<Row>): string {
  const all = sheet.columns.flatMap((column) => filed(column, sheet));
  const lines = sheet.rows.map((row) => csvLine(all.map(({ cell }) => cell(row))));
  return `${BYTE_ORDER_MARK}${csvLine(all.map(({ head }) => head))}${lines.join("")}`;
}

const sheets = new Map<string, () => string>();
/** Registers what the table of a name shows, until the returned function is called. */
export function showSheet(name: string, sheet: () => string): () => void {
  sheets.set(name, sheet);
  return () => {
    if (sheets.get(name) === sheet) sheets.delete(name);
  };
}
/** Undefined where no such table is shown, or where it does not show all rows. */
export const sheetNow = (name: string): string | undefined => sheets.get(name)?.();
