/**
 * Rows that are identified by some columns, such as a day, a type and a tag. They come in the order of these columns and in
 * pages, because there may be any number of tags.
 */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { compareText } from "../figures/text-order.ts";
import { text } from "./answer.ts";
import { inPages, type Page, pageOf } from "./list.ts";
import type { Period } from "./period.ts";

/** Rows of a page in JSON, by default and at most: some 1 MB. */
export const ROWS_A_PAGE = 10_000;
export const keyedPages = inPages(ROWS_A_PAGE);
export const moreRows = text.exactOptional().describe("Where there are more rows: `cursor` of the next page.");

/** The values of the columns that identify a row. */
export type Key = (string | number)[];
export const keyOf = (columns: readonly string[]) =>
  z.array(z.union([z.string(), z.number()])).length(columns.length) as z.ZodType<Key>;

/** The key of a row of these columns. */
export const keyIn = (columns: readonly string[], row: object): Key =>
  columns.map((column) => (row as Record<string, string | number>)[column] as string | number);

const tuple = (values: readonly SQL[]) => sql`(${sql.join([...values], sql`, `)})`;
const compared = (columns: readonly string[], sign: ">" | "<=", key: Key) =>
  sql`AND ${tuple(columns.map((column) => sql.raw(column)))} ${sql.raw(sign)} ${tuple(key.map((value) => sql`${value}`))}`;

/** The days of a period from a row on, whose key begins with its day. The rows of the first day are read again to find it. */
export const daysBehind = ({ from, to }: Period, after: Key | null): SQL =>
  sql`event_date BETWEEN ${after === null ? from : String(after[0])} AND ${to}`;

/** Rows after one key, and up to another. */
export const between = (columns: readonly string[], after: Key | null, upTo: Key | null = null): SQL =>
  sql`${after === null ? sql`` : compared(columns, ">", after)} ${upTo === null ? sql`` : compared(columns, "<=", upTo)}`;

function compareKeys(one: Key, other: Key): number {
  for (const [index, value] of one.entries()) {
    const against = other[index] as string | number;
    const order = typeof value === "number" ? value - Number(against) : compareText(value, String(against));
    if (order !== 0) return order;
  }
  return 0;
}

/** All rows in the order of their columns, as the database sorts them. */
export const inKeyOrder = <Row extends object>(rows: readonly Row[], columns: readonly string[]): Row[] =>
  rows
    .map((row) => ({ row, key: keyIn(columns, row) }))
    .sort((one, other) => compareKeys(one.key, other.key))
    .map(({ row }) => row);

/** The rows after a key, from rows in that order, at most `limit`. */
export function pageBehind<Row extends object>(
  sorted: readonly Row[],
  columns: readonly string[],
  after: Key | null,
  limit: number,
): Page<Row, Key> {
  const from = after === null ? 0 : sorted.findIndex((row) => compareKeys(keyIn(columns, row), after) > 0);
  const rest = from === -1 ? [] : sorted.slice(from, from + limit + 1);
  return pageOf(rest, limit, (row) => keyIn(columns, row));
}
