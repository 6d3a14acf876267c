/** Reads the counts in which anomalies are looked for, from the tables; `../days/anomalies.ts` does so from rows of days. */

import { sql } from "drizzle-orm";
import { addDays, daysBetween } from "../../calendar.ts";
import { FUNNEL_STEPS } from "../../projections/players.ts";
import type { Database } from "../../store/database.ts";
import { among } from "../../store/sql.ts";
import type { Period } from "../period.ts";
import { daySoFarBy, daysLikeToday, type PartOfDay } from "./day-so-far.ts";
import { type Counted, type DaySoFar, FIRST_DEPOSIT } from "./series.ts";

/** How many tags are watched one by one: first the requested ones, then those with the most events. */
export const MOST_TAGS = 200;

/** The days that are read. `hour` is the current hour of the last day; null where that day is over. */
export type Window = Period & { hour: number | null };

export type Watch = {
  /** Events by type and watched tag, then first deposits by tag, both in text order. All other tags are together under `''`. */
  counted: Counted[];
  /** Null where the last day is over. */
  soFar: DaySoFar | null;
  /** How many tags are not watched one by one. */
  left_out: number;
};

/** The tags that are watched, as a JSON list, and how many are not. */
async function watchedTags(
  db: Database,
  project_id: string,
  { from, to }: Period,
  asked: readonly string[] | null,
): Promise<{ tags: string; left_out: number }> {
  const first = sql`banner_tag ${among(asked ?? [])}`;
  const found = await db.get<{ tags: string; left_out: number }>(sql`
    WITH tags AS MATERIALIZED (
      SELECT banner_tag, row_number() OVER (ORDER BY ${first} DESC, sum(total) DESC, banner_tag) AS place FROM event_summary
      WHERE project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} AND banner_tag <> '' GROUP BY banner_tag)
    SELECT json_group_array(banner_tag) FILTER (WHERE place <= ${MOST_TAGS}) AS tags,
      count(*) FILTER (WHERE place > ${MOST_TAGS}) AS left_out FROM tags`);
  return found ?? { tags: "[]", left_out: 0 };
}

/** A row's tag, or `''` where it is none of `tags`. */
const watchedTag = (tags: string) =>
  sql`CASE WHEN banner_tag IN (SELECT value FROM json_each(${tags})) THEN banner_tag ELSE '' END`;

async function countedIn(db: Database, project_id: string, { from, to }: Period, tags: string): Promise<Counted[]> {
  const watched = watchedTag(tags);
  const window = JSON.stringify(Array.from({ length: daysBetween(from, to) }, (_, day) => addDays(from, day)));
  const rows = await db.all<Omit<Counted, "totals"> & { totals: string }>(sql`
    SELECT event_type, banner_tag, json_group_object(event_date, total) AS totals FROM (
      SELECT event_type, ${watched} AS banner_tag, event_date, sum(total) AS total FROM event_summary
      WHERE project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} GROUP BY 1, 2, 3)
    GROUP BY event_type, banner_tag
    UNION ALL
    SELECT ${FIRST_DEPOSIT}, banner_tag, json_group_object(event_date, people) FROM (
      SELECT ${watched} AS banner_tag, f.event_date, sum(f.people) AS people FROM json_each(${window}) d CROSS JOIN funnel f
      ON f.project_id = ${project_id} AND f.anchor = 'event' AND f.event_date = d.value
        AND f.step = ${FUNNEL_STEPS.indexOf("deposit")}
      GROUP BY 1, 2)
    GROUP BY banner_tag`);
  return rows.map((one) => ({ ...one, totals: JSON.parse(one.totals) }));
}

async function soFarIn(db: Database, project_id: string, today: string, hour: number, tags: string): Promise<DaySoFar> {
  const dates = daysLikeToday(today);
  const parts = await db.all<PartOfDay>(sql`
    SELECT event_date, event_type, ${watchedTag(tags)} AS banner_tag, sum(total) AS total,
      ifnull(sum(total) FILTER (WHERE event_hour < ${hour}), 0) AS early
    FROM activity WHERE project_id = ${project_id} AND event_date ${among(dates)}
    GROUP BY 1, 2, 3`);
  return daySoFarBy(parts);
}

/** `asked` are tags that are watched before all others. */
export async function watchFromTables(
  db: Database,
  project_id: string,
  { hour, ...window }: Window,
  asked: readonly string[] | null,
): Promise<Watch> {
  const { tags, left_out } = await watchedTags(db, project_id, window, asked);
  const [counted, soFar] = await Promise.all([
    countedIn(db, project_id, window, tags),
    hour === null ? null : soFarIn(db, project_id, window.to, hour, tags),
  ]);
  return { counted, soFar, left_out };
}
