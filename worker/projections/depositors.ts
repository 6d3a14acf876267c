/**
 * People by the days on which they deposited, each with the day before it under the same tag, so that distinct
 * depositors of any period are a sum, as in `returns`. Where there is no day before, with the date of the first deposit
 * ever, under any tag; and at that first deposit itself, with the date of their registration.
 */
import { type SQL, sql } from "drizzle-orm";
import { ANY_TAG } from "../figures/scopes.ts";
import { isSettledDay, pastOfPeople } from "./resolve.ts";

const IS_MILESTONE = sql`event_type IN ('deposit', 'registration')`;
const COLUMNS = sql.raw("project_id, person, event_type, event_date, banner_tag, first_at");
const BEFORE = sql`before AS MATERIALIZED (
  SELECT d.project_id, d.person, d.event_type, d.event_date, d.banner_tag, d.first_at
  FROM people p CROSS JOIN player_days d ON d.project_id = p.project_id AND d.person = p.person WHERE d.${IS_MILESTONE})`;
const NEW = sql`SELECT r.project_id, r.person, r.event_type, r.event_date, r.banner_tag, r.timestamp AS first_at`;

/** The rows of `player_days` that these people had (`before`) and have (`after`): people for whom new events change any. */
const additions = (resolved: SQL): SQL => sql`${resolved}, people AS MATERIALIZED (
    SELECT DISTINCT project_id, person FROM resolved r WHERE r.${IS_MILESTONE} AND (NOT EXISTS (
      SELECT 1 FROM player_days d WHERE d.project_id = r.project_id AND d.person = r.person
        AND d.event_date = r.event_date AND d.event_type = r.event_type AND d.banner_tag = r.banner_tag)
    OR r.timestamp <= (SELECT min(d.first_at) FROM player_days d WHERE d.project_id = r.project_id
      AND d.person = r.person AND d.event_date = r.event_date AND d.event_type = r.event_type))
  ), ${BEFORE}, after AS MATERIALIZED (
    SELECT * FROM before UNION ALL ${NEW} FROM people p JOIN resolved r
      ON r.project_id = p.project_id AND r.person = p.person WHERE r.${IS_MILESTONE})`;

/** Likewise, of the people whose past is counted again. */
const replacements = (
  repairs: string,
  upTo: number,
): SQL => sql`${pastOfPeople(repairs, upTo, "tables")}, people AS MATERIALIZED (
    SELECT * FROM affected
  ), ${BEFORE}, after AS MATERIALIZED (
    SELECT * FROM before WHERE ${isSettledDay(sql`before`)} UNION ALL ${NEW} FROM resolved r WHERE r.${IS_MILESTONE})`;

/** A milestone as `players` has it. Of settled days, what is kept there outlives the days. */
const milestone = (event_type: "deposit" | "registration") => sql`nullif(min(
  ifnull(min(printf('%015d', first_at) || ' ' || event_date || ' ' || banner_tag) FILTER (WHERE event_type = ${event_type}), '~'),
  ifnull((SELECT ${sql.raw(event_type)} FROM settled_players k WHERE k.project_id = s.project_id AND k.person = s.person), '~')), '~')`;

const count = (change: SQL) => sql`
  INSERT INTO depositors (project_id, event_date, banner_tag, previous_date, first_date, is_first, registration_date, people)
  WITH ${change}, states AS MATERIALIZED (
    SELECT -1 AS sign, ${COLUMNS} FROM before UNION ALL SELECT 1, ${COLUMNS} FROM after
  ), firsts AS MATERIALIZED (
    SELECT sign, project_id, person, ${milestone("deposit")} AS deposit, ${milestone("registration")} AS registration
    FROM states s GROUP BY 1, 2, 3
  ), days AS (
    SELECT DISTINCT sign, project_id, person, event_date, t.value AS banner_tag
    FROM states CROSS JOIN json_each(json_array(banner_tag, ${ANY_TAG})) t WHERE event_type = 'deposit'
  ), paired AS (
    SELECT *, lag(event_date, 1, '') OVER (
      PARTITION BY sign, project_id, person, banner_tag ORDER BY event_date) AS previous_date FROM days
  ), counted_lines AS (
    SELECT sign, project_id, event_date, banner_tag, previous_date,
      CASE previous_date WHEN '' THEN substr(deposit, 17, 10) ELSE '' END AS first_date,
      event_date = substr(deposit, 17, 10) AND banner_tag IN (substr(deposit, 28), ${ANY_TAG}) AS is_first,
      ifnull(substr(registration, 17, 10), '') AS registration_date
    FROM paired JOIN firsts USING (sign, project_id, person)
  )
  SELECT project_id, event_date, banner_tag, previous_date, first_date, is_first,
    CASE WHEN is_first THEN registration_date ELSE '' END, sum(sign) FROM counted_lines
  WHERE true GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(sign) <> 0
  ON CONFLICT DO UPDATE SET people = people + excluded.people`;

export const countDepositors = (resolved: SQL): SQL => count(additions(resolved));
export const recountDepositors = (repairs: string, upTo: number): SQL => count(replacements(repairs, upTo));
