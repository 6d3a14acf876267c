/** Reads from the log the clicks with given ids, and the events that postbacks are about. */
import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import { lastChange } from "../payouts/facts.ts";
import type { Status } from "../payouts/month.ts";
import type { Database } from "../store/database.ts";
import { placeOf } from "../store/places.ts";
import type { Received } from "./received.ts";

/** How many events of one click are read: the first ones. */
const OF_A_CLICK = 20;

export type Click = Pick<StoredEvent, "player_id" | "visitor_id" | "banner_tag">;

/**
 * What the events of each click say: the first tag and visitor, and the last player, who may have registered only then. By
 * the index of clicks: two rows read for each event. Null where the log has none.
 */
export async function clicksOf(
  db: Database,
  asked: readonly { project_id: string; click_id: string; test: 0 | 1 }[],
): Promise<(Click | null)[]> {
  if (asked.length === 0) return [];
  const given = JSON.stringify(asked.map(({ project_id, click_id, test }) => [project_id, click_id, test]));
  const rows = await db.all<Click & { key: number }>(sql`SELECT g.key, e.player_id, e.visitor_id, e.banner_tag
    FROM json_each(${given}) g CROSS JOIN events e ON e.seq IN (
      SELECT i.seq FROM events i WHERE i.project_id = g.value ->> 0 AND i.click_id = g.value ->> 1 AND i.test = g.value ->> 2
      ORDER BY i.seq LIMIT ${OF_A_CLICK})
    ORDER BY g.key, e.seq`);
  const byKey = Map.groupBy(rows, ({ key }) => key);
  return asked.map((_, index): Click | null => {
    const seen = byKey.get(index);
    if (!seen) return null;
    return {
      player_id: seen.findLast(({ player_id }) => player_id !== null)?.player_id ?? null,
      visitor_id: seen.find(({ visitor_id }) => visitor_id !== null)?.visitor_id ?? null,
      banner_tag: seen.find(({ banner_tag }) => banner_tag !== null)?.banner_tag ?? null,
    };
  });
}

const holder = (trusted: 0 | 1): SQL => sql`(SELECT t.event_id FROM transactions t WHERE t.project_id = r.project_id
  AND t.event_type = r.event_type AND t.transaction_id = r.transaction_id AND t.trusted = ${sql.raw(String(trusted))})`;
/** Whether an open event has the transaction of `r`: a trusted event would replace it. */
const IS_OPEN = sql`${holder(0)} IS NOT NULL`;
/** The id of the trusted event that `r` is about, where there may be one. */
const TRUSTED_ID = sql`CASE WHEN r.transaction_id IS NULL THEN r.event_id ELSE ${holder(1)} END`;
const PLACE = placeOf(sql`r.project_id`, TRUSTED_ID, 3);
const IS_RETIRED = sql`EXISTS (SELECT 1 FROM retired_events d
  WHERE d.project_id = r.project_id AND d.event_id = ${TRUSTED_ID} AND d.standing = 3)`;
const HAS_LEFT = sql`(${PLACE} IS NOT NULL OR ${IS_RETIRED})`;
/** The place in the log of a trusted conversion, also of one that has left the log. */
const SEQ = sql`coalesce((SELECT e.seq FROM events e WHERE e.seq = ${PLACE} / 4),
  CASE WHEN ${HAS_LEFT} THEN (SELECT c.seq FROM conversions c
    WHERE c.project_id = r.project_id AND c.event_id = ${TRUSTED_ID}) END)`;
const IS_KNOWN = sql`(${SEQ} IS NOT NULL OR ${holder(1)} IS NOT NULL OR ${HAS_LEFT})`;

/**
 * Whether `r` can be settled now: the log has its event, or an event can be made of it and none is in the queue.
 * Some six rows read.
 */
export const IS_READY = sql`(${SEQ} IS NOT NULL OR (r.sent_at IS NULL
  AND (r.player_id IS NOT NULL OR r.visitor_id IS NOT NULL OR EXISTS (
    SELECT 1 FROM events e WHERE e.project_id = r.project_id AND e.click_id = r.click_id AND e.test = r.test))
  AND (ifnull(r.status, 'pending') IN ('pending', 'approved') OR ${IS_OPEN}) AND NOT ${IS_KNOWN}
  AND NOT EXISTS (SELECT 1 FROM received_postbacks s WHERE s.project_id = r.project_id AND s.event_type = r.event_type
    AND s.subject = r.subject AND s.sent_at IS NOT NULL)))`;

/** The state in the log of what a postback is about. */
export type Standing = {
  open: boolean;
  /** Whether the log has, or had, a trusted event of it. */
  known: boolean;
  /** Its `seq`; null where it has left the log, and is no conversion. */
  seq: number | null;
  /** The last decision; null where there is none. */
  status: Status | null;
  amount: number | null;
  currency: string | null;
  /** What postbacks have said about it, and the latest time that they named. */
  said: string[];
  told_at: number | null;
};
type Row = Omit<Standing, "open" | "known" | "said"> & { key: number; open: 0 | 1; known: 0 | 1; said: string };

export async function standingsOf(db: Database, received: readonly Received[]): Promise<Standing[]> {
  const given = received.map(({ project_id, event_type, event_id, transaction_id }) => [
    project_id,
    event_type,
    event_id,
    transaction_id,
  ]);
  const rows = await db.all<Row>(sql`WITH r AS MATERIALIZED (
      SELECT key, value ->> 0 AS project_id, value ->> 1 AS event_type, value ->> 2 AS event_id, value ->> 3 AS transaction_id
      FROM json_each(${JSON.stringify(given)})
    ), f AS MATERIALIZED (SELECT r.key, ${IS_OPEN} AS open, ${IS_KNOWN} AS known, ${SEQ} AS seq FROM r)
    SELECT f.key, f.open, f.known, f.seq, ${lastChange("status", sql`f.seq`)} AS status,
      coalesce(${lastChange("amount", sql`f.seq`)}, e.amount, c.amount) AS amount,
      coalesce(${lastChange("currency", sql`f.seq`)}, e.currency, c.currency) AS currency,
      (SELECT json_group_array(p.says) FROM settled_postbacks p WHERE p.seq = f.seq) AS said,
      (SELECT max(p.told_at) FROM settled_postbacks p WHERE p.seq = f.seq) AS told_at
    FROM f LEFT JOIN events e ON e.seq = f.seq LEFT JOIN conversions c ON c.seq = f.seq ORDER BY f.key`);
  return rows.map(({ key: _, open, known, said: saysText, ...rest }) => ({
    ...rest,
    open: open === 1,
    known: known === 1,
    said: JSON.parse(saysText),
  }));
}
