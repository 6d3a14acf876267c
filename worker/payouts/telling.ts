/**
 * Targets that are sent conversions with a certain status: a row for each conversion that got the status since the target
 * was made. A row stays for 30 days, and conversions that got their status longer ago are not looked at again, so none is
 * sent twice.
 */

import { type SQL, sql } from "drizzle-orm";
import { wake } from "../duties/duty.ts";
import { targetSenders } from "../postbacks/sending.ts";
import { type Target, targetsOf } from "../postbacks/target.ts";
import { KEPT_DAYS } from "../postbacks/tries.ts";
import { PSEUDONYMS } from "../pseudonym.ts";
import type { Database } from "../store/database.ts";
import { DAY_MS } from "../time.ts";
import { IS_FIRST } from "./facts.ts";
import { statusAt } from "./view.ts";

/** Shorter than rows are kept. */
const LOOKS_BACK_MS = (KEPT_DAYS - 1) * DAY_MS;
/** Rows that one statement makes. */
const AT_ONCE = 1_000;

const listed = (values: readonly string[]): SQL => sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`;

/** The condition on `conversions c` of such a target. */
const fits = ({ event_types, banner_tags, first_deposit, min_amount, currency }: Target): SQL => sql`
  c.event_type IN ${listed(event_types)} AND c.rule_id IS NOT NULL
  ${banner_tags === null ? sql`` : sql`AND c.banner_tag IN ${listed(banner_tags)}`}
  ${first_deposit ? sql`AND ${IS_FIRST}` : sql``}
  ${min_amount === null ? sql`` : sql`AND c.currency = ${currency} AND c.amount >= ${min_amount}`}`;

/** Makes the missing rows of one target, a limited number at once. Returns how many it made. */
async function makeRows(db: Database, target: Target, now: number): Promise<number> {
  const { id, project_id, conversion_status, created_at } = target;
  const since = Math.max(created_at, now - LOOKS_BACK_MS);
  const decided = sql`SELECT h.seq FROM conversion_changes h WHERE h.at >= ${since} AND h.at <= ${now}
    AND h.project_id = ${project_id} AND h.status = ${conversion_status}`;
  // While the month is not computed, the conversion may still be flagged.
  const held = sql`SELECT c.seq FROM conversions c WHERE c.project_id = ${project_id} AND c.hold_until >= ${since}
    AND c.hold_until <= ${now} AND ${statusAt(now)} = 'approved' AND NOT EXISTS (SELECT 1 FROM payout_months m
      WHERE m.project_id = c.project_id AND m.banner_tag = c.banner_tag AND m.month = substr(c.event_date, 1, 7)
        AND m.computed < m.version)`;
  const { meta } = await db.run(sql`INSERT INTO postbacks
      (target_id, event_id, project_id, event_type, person, banner_tag, status, made_at, due_at)
    SELECT ${id}, c.event_id, c.project_id, c.event_type, c.person, c.banner_tag, 'waiting', ${now}, ${now}
    FROM (${conversion_status === "approved" ? sql`${decided} UNION ${held}` : decided}) s JOIN conversions c ON c.seq = s.seq
    WHERE ${fits(target)} AND ltrim(c.person, char(31)) NOT LIKE ${PSEUDONYMS}
      AND NOT EXISTS (SELECT 1 FROM postbacks p WHERE p.target_id = ${id} AND p.event_id = c.event_id)
      AND EXISTS (SELECT 1 FROM postback_targets g WHERE g.id = ${id} AND g.removed_at IS NULL)
    LIMIT ${AT_ONCE} ON CONFLICT DO NOTHING`);
  return meta.changes;
}

/** Makes the missing rows, and wakes their targets. False where there is no room for all targets. */
export async function tellStatuses(env: Env, db: Database, now: number, hasRoom: () => boolean): Promise<boolean> {
  for (const target of (await targetsOf(db)).filter(({ conversion_status }) => conversion_status !== null)) {
    let all = 0;
    for (let made = AT_ONCE; made === AT_ONCE; all += made) {
      if (!hasRoom()) return false;
      made = await makeRows(db, target, now);
    }
    if (all > 0) await wake(env, [targetSenders.nameOf(target.id)]);
  }
  return true;
}
