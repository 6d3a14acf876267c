/**
 * The figures of the new core as a projection of the log in the table `events`. It is in no group yet: its tables are in no
 * migration, and nobody reads them.
 */
import { sql } from "drizzle-orm";
import { readEventLog } from "../figures/log-table.ts";
import { countLog, LAYOUT, type Layout } from "../figures/run.ts";
import type { Counted } from "./projection.ts";

const TABLES = ["words", "people", "people_past", "visitor_pages", "days"] as const;

/** Who a visitor is it finds out by itself, so it follows no other. */
export const figuresBy = (layout: Layout = LAYOUT): Counted => ({
  name: "figures",
  after: [],
  async count(db, range) {
    const log = await readEventLog(db, range.after, range.upTo);
    return countLog(db, log, range, layout);
  },
  clear: () => TABLES.map((table) => sql`DELETE FROM ${sql.raw(table)}`),
});
