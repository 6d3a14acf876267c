/**
 * Rows that some columns name, such as a day, a type and a tag: they come in the order of these, in pages, since nobody knows
 * how many tags there are.
 */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { text } from "./answer.ts";
import { inPages } from "./list.ts";
import type { Period } from "./period.ts";

/** Rows of a page in JSON where no limit is asked for, and the most that can be: some 1 MB. */
export const ROWS_A_PAGE = 10_000;
export const keyedPages = inPages(ROWS_A_PAGE);
export const moreRows = text.exactOptional().describe("Where there are more rows: `cursor` of the next page.");

/** The values of the columns that name a row. */
export type Key = (string | number)[];
export const keyOf = (columns: readonly string[]) =>
  z.array(z.union([z.string(), z.number()])).length(columns.length) as z.ZodType<Key>;

/** The key of a row of these columns. */
export const keyIn = (columns: readonly string[], row: object): Key =>
  columns.map((column) => (row as Record<string, string | number>)[column] as string | number);

const tuple = (values: readonly SQL[]) => sql`(${sql.join([...values], sql`, `)})`;
const compared = (columns: readonly string[], sign: ">" | "<=", key: Key) =>
  sql`AND ${tuple(columns.map((column) => sql.raw(column)))} ${sql.raw(sign)} ${tuple(key.map((value) => sql`${value}`))}`;

/** The days of a period from a row on, whose key begins with its day; the first of them are looked through again for it. */
export const daysBehind = ({ from, to }: Period, after: Key | null): SQL =>
  sql`event_date BETWEEN ${after === null ? from : String(after[0])} AND ${to}`;

/** Rows behind one, and up to another, both by their keys. */
export const between = (columns: readonly string[], after: Key | null, upTo: Key | null = null): SQL =>
  sql`${after === null ? sql`` : compared(columns, ">", after)} ${upTo === null ? sql`` : compared(columns, "<=", upTo)}`;
