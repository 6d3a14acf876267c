/** The parameters that reports share: the project, and the days in its time zone. */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, isDate, localTime } from "../calendar.ts";
import { projectId } from "../event.ts";
import { Problem } from "../http/problem.ts";
import type { Project } from "../project.ts";
import { among } from "../store/sql.ts";
import { FORMAT_NAMES } from "./table.ts";

export const date = z
  .string("must be a date, YYYY-MM-DD")
  .refine(isDate, "must be a date, YYYY-MM-DD")
  .meta({ format: "date" });

export const format = z.enum(FORMAT_NAMES, `must be one of ${FORMAT_NAMES.join(", ")}`).optional();

/** Every report takes the project and may answer as CSV or NDJSON. */
export const common = {
  project_id: projectId.optional(),
  format,
};
export const dated = { ...common, from: date.optional(), to: date.optional() };

/** Both days are included. */
export type Period = { from: string; to: string };

/** Restricts a column to the tags that may be shown; null is all of them. */
export function onlyTags(column: SQL, tags: string[] | null): SQL {
  return tags === null ? sql`` : sql`AND ${column} ${among(tags)}`;
}

const DEFAULT_DAYS = 30;

/** By default 30 days up to today. */
export function periodOf(
  project: Project,
  asked: { from?: string | undefined; to?: string | undefined },
  now: number,
): Period {
  const to = asked.to ?? localTime(project.timezone, now).date;
  const from = asked.from ?? addDays(to, 1 - DEFAULT_DAYS);
  if (from > to) throw Problem.of("from", "from must not be after to");
  return { from, to };
}
