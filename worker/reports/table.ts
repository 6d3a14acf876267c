/** Answers a table as JSON, or as CSV (RFC 4180) where that is asked for: all its rows, without a cap. */
import type { Context, TypedResponse } from "hono";

export type Cell = string | number | boolean | null;

const wantsCsv = (c: Context): boolean =>
  c.req.query("format") === "csv" ||
  (c.req.query("format") === undefined && /\btext\/csv\b/i.test(c.req.header("accept") ?? ""));

/** A spreadsheet takes a cell that begins like this for a formula; a quote before it keeps it text (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(value: Cell): string {
  if (value === null) return "";
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(columns: readonly string[], rows: readonly Record<string, Cell>[]): string {
  return [columns.join(","), ...rows.map((row) => columns.map((column) => csvCell(row[column] ?? null)).join(","))]
    .join("\r\n")
    .concat("\r\n");
}

/** `body` is the whole answer in JSON; `rows`, with these columns, is its table. */
export function table<Body extends object>(
  c: Context,
  body: Body,
  columns: readonly string[],
  rows: readonly Record<string, Cell>[],
): TypedResponse<Body, 200, "json"> {
  c.header("vary", "accept");
  c.header("cache-control", "no-store");
  if (!wantsCsv(c)) return c.json(body) as unknown as TypedResponse<Body, 200, "json">;
  return c.body(csv(columns, rows), 200, { "content-type": "text/csv; charset=utf-8" }) as unknown as TypedResponse<
    Body,
    200,
    "json"
  >;
}
