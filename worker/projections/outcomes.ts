/**
 * What became of every event in the log, also of those that no figure counts: how many were counted, were tests,
 * repeated a transaction, or came from bots, and why those are taken for bots.
 */
import { sql } from "drizzle-orm";
import type { Tables } from "./projection.ts";

export const OUTCOMES = ["counted", "test", "duplicate", "bot"] as const;
export type EventOutcome = (typeof OUTCOMES)[number];

/** What became of an event of the log, in SQL. A test of a bot is a test, and a bot's second transaction a bot's. */
export const outcomeOf = sql.raw(`CASE WHEN test = 1 THEN 'test' WHEN bot IS NOT NULL THEN 'bot'
  WHEN duplicate_of IS NOT NULL THEN 'duplicate' ELSE 'counted' END`);

export const outcomes: Tables = {
  name: "outcomes",
  after: [],
  aboutPeople: false,
  apply: ({ after, upTo }) => [
    // A bot's second transaction is a bot's: the report of bots shows all that bots sent.
    sql`INSERT INTO event_outcomes (project_id, event_date, outcome, reason, received_hour, total)
      SELECT project_id, event_date,
        ${outcomeOf} AS outcome,
        CASE WHEN test = 0 THEN coalesce(bot, '') ELSE '' END AS reason,
        received_at / 3600000 AS received_hour, count(*)
      FROM events WHERE seq > ${after} AND seq <= ${upTo}
      GROUP BY project_id, event_date, outcome, reason, received_hour
      ON CONFLICT DO UPDATE SET total = total + excluded.total`,
  ],
  clear: () => [sql`DELETE FROM event_outcomes`],
};
