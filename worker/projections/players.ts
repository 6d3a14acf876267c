/**
 * One row a person: when they were first and last seen, and their milestones with date and tag.
 * A milestone is sortable text (see the migration), so that the earlier of two is their minimum.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Tables } from "./projection.ts";
import { newEvents, pastOf, repaired } from "./resolve.ts";

const KEY = sql.raw("printf('%015d', timestamp) || ' ' || event_date || ' ' ||");
/** Sorts behind every milestone: stands for "not yet". */
const NEVER = sql.raw("'~'");

const earlier = (column: string) => earliest(`players.${column}`, `excluded.${column}`);
const earliest = (...values: string[]) =>
  sql`nullif(min(${sql.raw(values.map((value) => `ifnull(${value}, '~')`).join(", "))}), ${NEVER})`;

function upsert(resolved: SQL): SQL {
  return sql`INSERT INTO players (project_id, person, player_id, first_seen, last_event_at, total_events, total_deposits,
      first_touch, last_touch, visit, registration, deposit, second_deposit)
    WITH ${resolved}, marked AS (
      SELECT *, ${KEY} banner_tag AS milestone, ${KEY} own_tag AS touch FROM resolved
    ), ranked AS (
      SELECT *, row_number() OVER (PARTITION BY project_id, person, event_type ORDER BY milestone) AS nth FROM marked
    )
    SELECT project_id, person, CASE WHEN substr(person, 1, 1) <> char(31) THEN person END,
      min(timestamp), max(timestamp), count(*), count(*) FILTER (WHERE event_type = 'deposit'),
      min(touch), max(touch),
      min(milestone) FILTER (WHERE event_type = 'visit'),
      min(milestone) FILTER (WHERE event_type = 'registration'),
      min(milestone) FILTER (WHERE event_type = 'deposit'),
      min(milestone) FILTER (WHERE event_type = 'deposit' AND nth = 2)
    FROM ranked WHERE true GROUP BY project_id, person
    ON CONFLICT DO UPDATE SET
      first_seen = min(players.first_seen, excluded.first_seen),
      last_event_at = max(players.last_event_at, excluded.last_event_at),
      total_events = players.total_events + excluded.total_events,
      total_deposits = players.total_deposits + excluded.total_deposits,
      first_touch = ${earlier("first_touch")},
      last_touch = nullif(max(ifnull(players.last_touch, ''), ifnull(excluded.last_touch, '')), ''),
      visit = ${earlier("visit")},
      registration = ${earlier("registration")},
      deposit = ${earlier("deposit")},
      -- Of two earliest here and two earliest there, the second earliest of all.
      second_deposit = nullif(min(
        max(ifnull(players.deposit, '~'), ifnull(excluded.deposit, '~')),
        ifnull(players.second_deposit, '~'), ifnull(excluded.second_deposit, '~')), ${NEVER})`;
}

export const players: Tables = {
  name: "players",
  after: ["identities"],
  aboutPeople: true,
  apply: (step) => [
    ...(step.repairs === null
      ? []
      : [
          sql`DELETE FROM players WHERE (project_id, person) IN (${repaired(step.repairs)})`,
          upsert(pastOf(step.repairs, step.upTo)),
        ]),
    upsert(newEvents(step)),
  ],
  clear: () => [sql`DELETE FROM players`],
};
