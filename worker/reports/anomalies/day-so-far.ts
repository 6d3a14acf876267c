/** How much of a day's traffic has come by an hour, as the day before and the same weekday a week before had it. */
import { sql } from "drizzle-orm";
import { addDays } from "../../calendar.ts";
import type { Database } from "../../schema.ts";
import type { DaySoFar } from "./series.ts";

/** Days before today that are looked at. */
const LIKE_TODAY = [1, 7];
/** With fewer events on a day, its hours say nothing. */
const ENOUGH = 50;

type Row = { event_date: string; event_type: string; banner_tag: string; total: number; early: number };

/** A row's tag, or '' where it is none of these, a JSON list. */
export const watchedTag = (tags: string) =>
  sql`CASE WHEN banner_tag IN (SELECT value FROM json_each(${tags})) THEN banner_tag ELSE '' END`;

/** The lesser of both days' shares, so that nothing is missed too soon. `hour` is the one that has begun. */
export async function daySoFar(
  db: Database,
  project_id: string,
  today: string,
  hour: number,
  tags: string,
): Promise<DaySoFar> {
  const dates = LIKE_TODAY.map((days) => addDays(today, -days));
  const rows = await db.all<Row>(sql`
    SELECT event_date, event_type, ${watchedTag(tags)} AS banner_tag, sum(total) AS total,
      ifnull(sum(total) FILTER (WHERE event_hour < ${hour}), 0) AS early
    FROM activity WHERE project_id = ${project_id} AND event_date IN (SELECT value FROM json_each(${JSON.stringify(dates)}))
    GROUP BY 1, 2, 3`);

  const days = new Map<string, { total: number; early: number }>();
  const key = (date: string, type: string | null, tag: string | null) => JSON.stringify([date, type, tag]);
  for (const { event_date, event_type, banner_tag, total, early } of rows) {
    for (const name of [
      key(event_date, event_type, banner_tag),
      key(event_date, event_type, null),
      key(event_date, null, null),
    ]) {
      const known = days.get(name);
      days.set(name, { total: total + (known?.total ?? 0), early: early + (known?.early ?? 0) });
    }
  }
  return (type, tag) => {
    const shares = dates.flatMap((date) => {
      const likest = [key(date, type, tag), key(date, type, null), key(date, null, null)]
        .map((name) => days.get(name))
        .find((day) => day !== undefined && day.total >= ENOUGH);
      return likest ? [likest.early / likest.total] : [];
    });
    return shares.length > 0 ? Math.min(...shares) : 0;
  };
}
