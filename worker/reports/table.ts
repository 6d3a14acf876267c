/** Answers a table as JSON, or as CSV (RFC 4180) where that is asked for: all its rows, without a cap. */
import type { Context, TypedResponse } from "hono";

export type Cell = string | number | boolean | null;

export const wantsCsv = (c: Context): boolean =>
  c.req.query("format") === "csv" ||
  (c.req.query("format") === undefined && /\btext\/csv\b/i.test(c.req.header("accept") ?? ""));

/**
 * A spreadsheet takes a cell that begins like this for a formula; a quote before it keeps it text (OWASP, CSV injection).
 * A negative decimal is none.
 */
const FORMULA = /^(?!-\d+(?:\.\d+)?$)[=+\-@\t\r]/;

function csvCell(value: Cell): string {
  if (value === null) return "";
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const linesOf = (columns: readonly string[], rows: readonly Record<string, Cell>[]): string =>
  rows.map((row) => `${columns.map((column) => csvCell(row[column] ?? null)).join(",")}\r\n`).join("");

export function csv(columns: readonly string[], rows: readonly Record<string, Cell>[]): string {
  return `${columns.join(",")}\r\n${linesOf(columns, rows)}`;
}

export type Table<Body extends object> = {
  /** The whole answer, in JSON. */
  body: Body;
  /** Its table, in CSV. */
  columns: readonly string[];
  rows: readonly Record<string, Cell>[] | AsyncIterable<readonly Record<string, Cell>[]>;
};

export function table<Body extends object>(
  c: Context,
  { body, columns, rows }: Table<Body>,
): TypedResponse<Body, 200, "json"> & Response {
  c.header("vary", "accept");
  c.header("cache-control", "no-store");
  if (!wantsCsv(c)) return c.json(body) as unknown as TypedResponse<Body, 200, "json"> & Response;
  const text = Symbol.asyncIterator in rows ? streamed(lines(columns, rows)) : csv(columns, rows);
  return c.body(text, 200, { "content-type": "text/csv; charset=utf-8" }) as unknown as TypedResponse<
    Body,
    200,
    "json"
  > &
    Response;
}

/** Pages of rows as they come: a table of any length is never held whole. */
async function* lines(columns: readonly string[], pages: AsyncIterable<readonly Record<string, Cell>[]>) {
  const encoder = new TextEncoder();
  yield encoder.encode(csv(columns, []));
  for await (const rows of pages) yield encoder.encode(linesOf(columns, rows));
}

const streamed = (chunks: AsyncGenerator<Uint8Array>) =>
  new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
