/** Lists: JSON has a page at a time, by `cursor` and `limit`; CSV and NDJSON have all rows that fit into one answer. */
import * as z from "zod";
import { seal, unseal } from "../http/cursor.ts";
import { maybe, text } from "./answer.ts";
import type { Cell } from "./csv.ts";
import { type Pages, pagesOf } from "./pages.ts";
import { common } from "./period.ts";
import type { Asked } from "./report.ts";
import type { Table } from "./table.ts";

/** The parameters of a list in pages with at most `most` rows. */
export const inPages = (most: number) => ({
  limit: z.coerce
    .number("must be a number")
    .int("must be whole")
    .min(1, "must be at least 1")
    .max(most, `must be at most ${most}`)
    .optional(),
  cursor: z.string("must be given once").max(2_000, "is not a cursor").optional(),
});
export const listed = { ...common, ...inPages(1_000) };
type Listed = { limit?: number | undefined; cursor?: string | undefined };

const PAGE = 100;
/**
 * Rows of one query where all rows are requested: many, because an invocation may make only a limited number of queries
 * (worker/store/plan.ts).
 */
const STREAMED_PAGE = 10_000;

/** An answer that is a list. */
export const listOf = <Row extends z.ZodType>(row: Row) =>
  z.object({ project_id: text, rows: z.array(row), next_cursor: maybe });

/** Some rows in their order, and the place after which the next ones come; null where these are the last. */
export type Page<Row, Place> = { rows: Row[]; next: Place | null };

/** `rows` has one row more than `limit` where there is a next page. */
export function pageOf<Row, Place>(rows: Row[], limit: number, placeOf: (row: Row) => Place): Page<Row, Place> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? placeOf(last) : null };
}

/**
 * The first page, with a default limit, and all pages. `place` is the content of a cursor; `read` returns the rows after a
 * place, so many at most.
 */
export async function paged<Row, Place>(
  { env, project, query: { limit, cursor } }: Pick<Asked<Listed>, "env" | "project" | "query">,
  size: number,
  place: z.ZodType<Place>,
  read: (after: Place | null, limit: number) => Promise<Page<Row, Place>>,
): Promise<{ rows: Row[]; next_cursor: string | null; pages: Pages<Row> }> {
  const first = await read(cursor === undefined ? null : await unseal(project, cursor, place), limit ?? size);
  const cursorOf = (next: Place) => seal(project, next);
  const following = limit === undefined ? (after: Place) => read(after, STREAMED_PAGE) : null;
  return {
    rows: first.rows,
    next_cursor: first.next === null ? null : await cursorOf(first.next),
    pages: pagesOf(env, first, following, cursorOf),
  };
}

export async function list<Row extends Record<string, Cell>, Place>(
  asked: Pick<Asked<Listed>, "env" | "project" | "query">,
  columns: readonly string[],
  place: z.ZodType<Place>,
  read: (after: Place | null, limit: number) => Promise<Page<Row, Place>>,
): Promise<Table<{ project_id: string; rows: Row[]; next_cursor: string | null }>> {
  const { rows, next_cursor, pages } = await paged(asked, PAGE, place, read);
  return { body: { project_id: asked.project.project_id, rows, next_cursor }, columns, rows: { pages } };
}
