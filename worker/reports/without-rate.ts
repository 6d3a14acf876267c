/** The currencies of today's and yesterday's money that no rate converts, of all projects. */
import { sql } from "drizzle-orm";
import { addDays, localTime } from "../calendar.ts";
import { rateInForce } from "../rates/in-force.ts";
import type { Database } from "../store/database.ts";

/** Anyone may ask any number of times, so a limited number of rows is read each second. */
const ROWS_A_SECOND = 10;
const SHORTEST_MS = 5_000;
const LONGEST_MS = 3_600_000;

/** By shard. */
const remembered = new Map<string, { codes: string[]; until: number }>();

export function forgetWithoutRate(): void {
  remembered.clear();
}

export async function withoutRate(db: Database, now: number): Promise<string[]> {
  const known = remembered.get(db.shard);
  if (known && now < known.until) return known.codes;
  const since = addDays(localTime("UTC", now).date, -1);
  const used = await db.all<{ currency: string; rows: number; unrated: number }>(sql`
    WITH used AS (
      SELECT m.currency, m.event_date, count(*) AS rows FROM projects p
      CROSS JOIN money_summary m ON m.project_id = p.project_id AND m.event_date >= ${since}
      GROUP BY 1, 2
    )
    SELECT currency, sum(rows) AS rows, max(${rateInForce(sql`currency`, sql`event_date`)} IS NULL) AS unrated
    FROM used GROUP BY 1 ORDER BY 1`);
  const rows = used.reduce((sum, one) => sum + one.rows, 0);
  const codes = used.filter(({ unrated }) => unrated === 1).map(({ currency }) => currency);
  const keep = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (rows / ROWS_A_SECOND) * 1_000));
  remembered.set(db.shard, { codes, until: now + keep });
  return codes;
}
