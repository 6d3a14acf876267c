/** Lists page by `cursor` and `limit`, the newest first. */
import * as z from "zod";
import { projectId } from "../event.ts";

export const pageParameters = {
  project_id: projectId.optional(),
  limit: z.coerce
    .number("must be a number")
    .int("must be whole")
    .min(1, "must be at least 1")
    .max(1_000, "must be at most 1000")
    .default(100),
  cursor: z.coerce.number("is not a cursor").int("is not a cursor").optional(),
};

export type Page<Row> = {
  rows: Row[];
  /** Where the next page begins; null on the last one. */
  next_cursor: number | null;
};

/** `rows` holds one row more than `limit` where there is a next page. */
export function page<Row>(rows: Row[], limit: number, cursorOf: (row: Row) => number): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** The answers of lists, and of lists that page. */
export const rows = <Row extends z.ZodType>(row: Row) => z.object({ rows: z.array(row) });
export const paged = <Row extends z.ZodType>(row: Row) =>
  z.object({ rows: z.array(row), next_cursor: z.int().nullable() });
/** For an act that handles a limited number at once. */
export const more = z.boolean().describe("Whether there are more: ask again.");
