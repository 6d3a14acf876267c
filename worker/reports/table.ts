/** Answers a table as JSON, or where that is asked for as CSV (RFC 4180) or NDJSON: all its rows, in parts where they are very many. */
import type { Context, TypedResponse } from "hono";
import { budgetOf } from "../store/budget.ts";
import { BYTE_ORDER_MARK, type Cell, csvLine } from "./csv.ts";
import { following, type Pages } from "./pages.ts";

type Row = Readonly<Record<string, Cell>>;

export const FORMATS = {
  json: "application/json",
  csv: "text/csv",
  ndjson: "application/x-ndjson",
  /** CSV with a byte order mark, without which Excel reads UTF-8 as the encoding of its country. */
  excel: "text/csv",
} as const;
export type Format = keyof typeof FORMATS;
export const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/** The format that the query names, else the one of those that the client accepts. */
export function formatOf(c: Pick<Context, "req">): Format {
  const named = FORMAT_NAMES.find((format) => format === c.req.query("format"));
  const accepted = c.req.header("accept")?.toLowerCase() ?? "";
  return named ?? (["csv", "ndjson"] as const).find((format) => accepted.includes(FORMATS[format])) ?? "json";
}

type Writer = { head(columns: readonly string[]): string; line(columns: readonly string[], row: Row): string };

const csv: Writer = {
  head: (columns) => csvLine(columns),
  line: (columns, row) => csvLine(columns.map((column) => row[column] ?? null)),
};

/** Rows as a file. */
export const csvOf = (columns: readonly string[], rows: readonly Row[]): string =>
  `${csv.head(columns)}${rows.map((row) => csv.line(columns, row)).join("")}`;

/** How a table is written, line by line. */
const WRITERS: Record<Exclude<Format, "json">, Writer> = {
  csv,
  excel: { ...csv, head: (columns) => `${BYTE_ORDER_MARK}${csv.head(columns)}` },
  ndjson: {
    head: () => "",
    line: (columns, row) =>
      `${JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? null])))}\n`,
  },
};

export type Table<Body extends object> = {
  /** The whole answer, in JSON. */
  body: Body;
  /** Its table. */
  columns: readonly string[];
  /** All rows; rows that are read one after another; or pages, of which there may be more than fit into one answer. */
  rows: readonly Row[] | AsyncIterable<readonly Row[]> | { pages: Pages<Row> };
};

/** As the typed client sees it. */
type Answer<Body> = TypedResponse<Body, 200, "json"> & Response;

export async function table<Body extends object>(
  c: Context,
  { body, columns, rows }: Table<Body>,
): Promise<Answer<Body>> {
  c.header("vary", "accept");
  c.header("cache-control", "no-store");
  const format = formatOf(c);
  if (format === "json") return c.json(body) as unknown as Answer<Body>;
  const { head, line } = WRITERS[format];
  const lines = (some: readonly Row[]) => some.map((row) => line(columns, row)).join("");
  const text =
    "pages" in rows
      ? await paged(c, format, head(columns), rows.pages, lines)
      : Symbol.asyncIterator in rows
        ? streamed(head(columns), rows, lines)
        : `${head(columns)}${lines(rows)}`;
  const type = { "content-type": `${FORMATS[format]}; charset=utf-8` };
  return c.body(text, 200, type) as unknown as Answer<Body>;
}

/**
 * So many characters of an answer are held before it is sent: if that is the whole answer, the header `Link` can name the
 * next one.
 */
const MOST_HELD = 8_000_000;
/** With at least this many calls left, an answer of any likely length can be completed: it is streamed, and not held in memory. */
const CALLS_OF_A_STREAM = 100;

/** A CSV file that is not complete says so at its end, for people who open it in a spreadsheet; programs read the header. */
const notAll = (next: string) =>
  csvLine([`This is not all. One answer of this instance has no more: the next rows are at ${next}`]);

async function paged(
  c: Context,
  format: Format,
  head: string,
  pages: Pages<Row>,
  lines: (rows: readonly Row[]) => string,
): Promise<string | ReadableStream<Uint8Array>> {
  let text = head;
  for (;;) {
    const long = text.length > MOST_HELD;
    if (long && budgetOf(c.env as Env).left >= CALLS_OF_A_STREAM) return streamed(text, whole(pages), lines);
    const { done, value } = await pages.next(long);
    if (!done) text += lines(value);
    else if (value === null) return text;
    else {
      const next = following(c.req.url, value);
      c.header("link", `<${next}>; rel="next"`);
      return format === "excel" ? text + notAll(new URL(next, c.req.url).href) : text;
    }
  }
}

/** Where the plan ends them before their end, they fail, and the connection with them: its reader sees that. */
async function* whole(pages: Pages<Row>): AsyncGenerator<readonly Row[]> {
  const left = yield* pages;
  if (left !== null) throw new Error("The answer is longer than an invocation may ask for.");
}

/** Pages of rows as they come: a table of any length is never held whole. */
function streamed(
  begun: string,
  pages: AsyncIterable<readonly Row[]>,
  lines: (rows: readonly Row[]) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = pages[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(begun)),
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(lines(value)));
    },
    cancel: async () => void (await iterator.return?.()),
  });
}
