/**
 * The outcome of every event in the log, including those that no figure counts: how many were counted, were tests, repeated
 * a transaction, or came from bots, and the reasons for bots. Each has its outcome at the time when it was appended. An
 * event that turns out later to repeat a trusted one is also counted as `superseded`, so no number here ever decreases.
 */
import { type SQL, sql } from "drizzle-orm";
import { SUPERSEDED } from "../figures/outcomes.ts";
import type { Tables } from "./projection.ts";

/** The outcome of an event of the log, in SQL. A test of a bot is a test, and a bot's second transaction a bot's. */
export const outcomeOf = sql.raw(`CASE WHEN test = 1 THEN 'test' WHEN bot IS NOT NULL THEN 'bot'
  WHEN duplicate_of IS NOT NULL THEN 'duplicate' ELSE 'counted' END`);

/** The outcome when the event was appended, before a trusted event replaced it. */
const FIRST_OUTCOME = sql`CASE WHEN superseded_at IS NOT NULL THEN 'counted' ELSE ${outcomeOf} END`;

/** Rows of `project_id`, `outcome`, `total` for the events that `event_outcomes` does not have yet, as many as gather at most. */
export const uncountedOutcomes = (
  gathered: number,
): SQL => sql`SELECT e.project_id, ${FIRST_OUTCOME} AS outcome, count(*) AS total
  FROM (SELECT ifnull((SELECT cursor FROM projections WHERE name = 'outcomes'), 0) AS cursor) p
    CROSS JOIN events e ON e.seq > p.cursor AND e.seq <= p.cursor + ${sql.raw(String(gathered))}
  GROUP BY 1, 2`;

export const outcomes: Tables = {
  name: "outcomes",
  after: [],
  aboutPeople: false,
  apply: ({ after, upTo }) => [
    // A bot's second transaction is a bot's: the report of bots shows all that bots sent.
    sql`INSERT INTO event_outcomes (project_id, event_date, outcome, reason, received_hour, total)
      SELECT project_id, event_date,
        ${FIRST_OUTCOME} AS outcome,
        CASE WHEN test = 0 THEN coalesce(bot, '') ELSE '' END AS reason,
        received_at / 3600000 AS received_hour, count(*)
      FROM events WHERE seq > ${after} AND seq <= ${upTo}
      GROUP BY project_id, event_date, outcome, reason, received_hour
      ON CONFLICT DO UPDATE SET total = total + excluded.total`,
    sql`INSERT INTO event_outcomes (project_id, event_date, outcome, reason, received_hour, total)
      SELECT project_id, event_date, ${SUPERSEDED}, '', received_at / 3600000 AS received_hour, count(*)
      FROM events WHERE superseded_at > ${after} AND superseded_at <= ${upTo} GROUP BY 1, 2, 5
      ON CONFLICT DO UPDATE SET total = total + excluded.total`,
  ],
  clear: () => [sql`DELETE FROM event_outcomes`],
};
