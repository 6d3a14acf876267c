/** Postbacks from their receipt until they are settled, in the order of their arrival. */

import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import type { Status } from "../payouts/month.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { DAY_MS } from "../time.ts";
import { isVoid } from "./template.ts";

/** How long a postback waits for its click or its transaction; and how long it is still shown after that. */
export const WAITS_MS = 7 * DAY_MS;
export const SHOWN_MS = 30 * DAY_MS;
/** The most postbacks of a project that wait. */
export const MOST_WAITING = 5_000;

export type Received = {
  n: number;
  project_id: string;
  source: string;
  event_type: string;
  event_id: string;
  transaction_id: string | null;
  /** What a postback is about: its transaction, which is unique in a project and type, else its event. */
  subject: string;
  click_id: string | null;
  event: StoredEvent;
  status: Status | null;
  said: string | null;
  received_at: number;
  sent_at: number | null;
};
type Row = Omit<Received, "event"> & { event: string };
export const receivedOf = (row: Row): Received => ({ ...row, event: JSON.parse(row.event) });

/** Whether the click must say who it was. */
export const needsClick = ({ player_id, visitor_id }: StoredEvent): boolean =>
  player_id === null && visitor_id === null;

type Given = { source: string; event: StoredEvent; status: Status | null; said: string | null };
/** Stores a postback, unless too many of the project wait already: `changes` says whether it was stored. */
export const keep = ({ source, event, status, said: statusWord }: Given, now: number): SQL => sql`
  INSERT INTO received_postbacks (project_id, source, event_type, event_id, transaction_id, click_id, player_id, visitor_id, test,
    event, status, said, received_at)
  SELECT ${event.project_id}, ${source}, ${event.event_type}, ${event.event_id}, ${event.transaction_id}, ${event.click_id},
    ${event.player_id}, ${event.visitor_id}, ${event.test}, ${JSON.stringify(event)}, ${status}, ${statusWord}, ${now}
  WHERE (SELECT count(*) FROM (SELECT 1 FROM received_postbacks WHERE project_id = ${event.project_id} LIMIT ${MOST_WAITING}))
    < ${MOST_WAITING}`;

export const REASONS = ["unknown_click", "unknown_transaction", "not_in_the_log"] as const;
export type Reason = (typeof REASONS)[number];

/** Why a postback waits. */
export function reasonOf({ sent_at, status, event }: Pick<Received, "sent_at" | "status" | "event">): Reason {
  if (sent_at !== null) return "not_in_the_log";
  if (isVoid(status)) return "unknown_transaction";
  return needsClick(event) ? "unknown_click" : "not_in_the_log";
}

/** The postbacks of a source that wait, older than `before`, the newest first. */
export const waitingOf = async (
  db: Database,
  { project_id, name }: { project_id: string; name: string },
  before: number,
  limit: number,
): Promise<Received[]> =>
  (
    await db.all<Row>(sql`SELECT * FROM received_postbacks WHERE project_id = ${project_id} AND source = ${name}
      AND n < ${before} ORDER BY n DESC LIMIT ${limit}`)
  ).map(receivedOf);

/** The key of a conversion: the same for all postbacks about it. */
export const keyOf = ({ project_id, event_type, subject }: Received): string =>
  JSON.stringify([project_id, event_type, subject]);

/**
 * All postbacks about some conversions: those with a matching row, a limited number. The postbacks of one conversion are in
 * their order.
 */
export async function aboutThose(db: Database, condition: SQL, limit: number): Promise<Received[][]> {
  const rows = await db.all<Row>(sql`WITH ready AS MATERIALIZED (
      SELECT DISTINCT r.project_id, r.event_type, r.subject FROM received_postbacks r WHERE ${condition} LIMIT ${limit})
    SELECT a.* FROM ready d CROSS JOIN received_postbacks a
      ON a.project_id = d.project_id AND a.event_type = d.event_type AND a.subject = d.subject ORDER BY a.n`);
  return [...Map.groupBy(rows.map(receivedOf), keyOf).values()];
}

/** Recent postbacks: found by their numbers, which grow with time, so that those which wait for long are not read. */
export const cameSince = (at: number): SQL => sql`r.n > ifnull((
  SELECT o.n FROM received_postbacks o WHERE o.received_at < ${at} ORDER BY o.n DESC LIMIT 1), 0)`;
/** Postbacks whose event was sent to the queue. */
export const isSent = sql`r.sent_at IS NOT NULL`;
export const waitsYet = (now: number): SQL => sql`r.received_at > ${now - WAITS_MS}`;

const those = (rows: readonly Received[]): SQL =>
  sql`(SELECT value FROM json_each(${JSON.stringify(rows.map(({ n }) => n))}))`;

export const remove = (rows: readonly Received[]): SQL => sql`DELETE FROM received_postbacks WHERE n IN ${those(rows)}`;

/** Fails, and so does the transaction, if one of them was removed meanwhile: NULL is not allowed. */
export const stillThere = (
  rows: readonly Received[],
): SQL => sql`INSERT INTO received_postbacks (project_id) SELECT NULL
  WHERE (SELECT count(*) FROM received_postbacks WHERE n IN ${those(rows)}) <> ${rows.length}`;
export const haveGone = (error: unknown): boolean => isGuarded(error, "received_postbacks.project_id");
