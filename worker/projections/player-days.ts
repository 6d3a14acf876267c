/**
 * Who did what on which day, and from it how people return: `returns` pairs each day on which a person was active with the
 * one before it, `retention` counts who was active again a given number of days after the first, and `depositors` has the
 * days on which they deposited. These tables are written only for projects whose reports come from them. For the others, what
 * people did is read from the log (see `doings.ts`), and from `settled_days` for days that are settled.
 */
import { type SQL, sql } from "drizzle-orm";
import { RETENTION_DAYS } from "../figures/counters/returns.ts";
import { ANY_TAG } from "../figures/scopes.ts";
import { countDepositors, recountDepositors } from "./depositors.ts";
import type { Attributed, Tables } from "./projection.ts";
import {
  isSettledDay,
  newEvents,
  OF_TABLE_PROJECTS,
  pastOfPeople,
  repairedPeople,
  SETTLED_OF_DAYS,
} from "./resolve.ts";

/**
 * `people` are those whose days change, with the days they had (`before`) and those that they have now (`after`):
 * rows of project_id, person, event_date, banner_tag, first_at.
 */
type Change = SQL;

const DAY = sql.raw("d.project_id, d.person, d.event_date, d.banner_tag, d.first_at");
const BEFORE = sql`before AS MATERIALIZED (
  SELECT ${DAY} FROM people p CROSS JOIN player_days d ON d.project_id = p.project_id AND d.person = p.person)`;
const NEW_DAY = sql.raw("r.project_id, r.person, r.event_date, r.banner_tag, r.timestamp AS first_at");

/** The changes by new events, for people for whom more than the number of their events changes. */
const additions = (resolved: SQL): Change => sql`${resolved}, people AS MATERIALIZED (
    SELECT DISTINCT project_id, person FROM resolved r WHERE NOT EXISTS (
      SELECT 1 FROM player_days d WHERE d.project_id = r.project_id AND d.person = r.person
        AND d.event_date = r.event_date AND d.banner_tag = r.banner_tag)
    OR r.timestamp <= (SELECT min(d.first_at) FROM player_days d
      WHERE d.project_id = r.project_id AND d.person = r.person AND d.event_date = r.event_date)
  ), ${BEFORE}, after AS MATERIALIZED (
    SELECT * FROM before
    UNION ALL SELECT ${NEW_DAY} FROM people p JOIN resolved r ON r.project_id = p.project_id AND r.person = p.person)`;

/** The people whose past is counted again. */
const replacements = (
  repairs: string,
  upTo: number,
): Change => sql`${pastOfPeople(repairs, upTo, "tables")}, people AS MATERIALIZED (
    SELECT * FROM affected
  ), ${BEFORE}, after AS MATERIALIZED (
    SELECT * FROM before WHERE ${isSettledDay(sql`before`)} UNION ALL SELECT ${NEW_DAY} FROM resolved r)`;

const countReturns = (change: Change) => sql`
  INSERT INTO returns (project_id, banner_tag, event_date, previous_date, people)
  WITH ${change}, states AS (SELECT -1 AS sign, * FROM before UNION ALL SELECT 1, * FROM after
  ), days AS (
    SELECT DISTINCT sign, project_id, person, event_date, t.value AS banner_tag
    FROM states CROSS JOIN json_each(json_array(banner_tag, ${ANY_TAG})) t
  ), paired AS (
    SELECT sign, project_id, banner_tag, event_date, lag(event_date, 1, '') OVER (
      PARTITION BY sign, project_id, person, banner_tag ORDER BY event_date) AS previous_date FROM days
  )
  SELECT project_id, banner_tag, event_date, previous_date, sum(sign) FROM paired
  WHERE true GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0
  ON CONFLICT DO UPDATE SET people = people + excluded.people`;

const countRetention = (change: Change) => sql`
  INSERT INTO retention (project_id, cohort_date, banner_tag, day, people)
  WITH ${change}, states AS MATERIALIZED (SELECT -1 AS sign, * FROM before UNION ALL SELECT 1, * FROM after
  ), begun AS (
    SELECT sign, project_id, person, event_date AS cohort_date, banner_tag FROM (
      SELECT *, row_number() OVER (PARTITION BY sign, project_id, person ORDER BY event_date, first_at, banner_tag) AS nth
      FROM states)
    WHERE nth = 1
  ), days AS (SELECT DISTINCT sign, project_id, person, event_date FROM states)
  SELECT b.project_id, b.cohort_date, b.banner_tag, a.value, sum(b.sign)
  FROM begun b JOIN days d USING (sign, project_id, person)
    JOIN json_each(${JSON.stringify(RETENTION_DAYS)}) a ON a.value = julianday(d.event_date) - julianday(b.cohort_date)
  WHERE true GROUP BY 1, 2, 3, 4 HAVING sum(b.sign) <> 0
  ON CONFLICT DO UPDATE SET people = people + excluded.people`;

const KEY = sql.raw("project_id, person, event_date, event_type, app_id, banner_tag");

const record = (table: "player_days" | "settled_days", resolved: SQL, condition = sql`true`) =>
  sql`INSERT INTO ${sql.raw(table)} (${KEY}, first_at, total)
  WITH ${resolved} SELECT ${KEY}, min(timestamp), count(*) FROM resolved WHERE ${condition} GROUP BY ${KEY}
  ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at), total = total + excluded.total`;

/** Stores what people did on the days of a project that are being settled, where only the log has it. */
export const settleDays = (project_id: string, resolved: SQL): SQL =>
  record(
    "settled_days",
    resolved,
    sql`EXISTS (SELECT 1 FROM projects WHERE project_id = ${project_id} AND by_days = 1)`,
  );

const counted = (change: Change) => [countReturns(change), countRetention(change)];

/** The present days show what to subtract from the counts, so one statement does both. */
const attributed: Attributed = {
  takeOut: () => [],
  putIn: (people, asOf) => [
    ...counted(replacements(people, asOf)),
    recountDepositors(people, asOf),
    sql`DELETE FROM player_days
      WHERE (project_id, person) IN (${repairedPeople(people, "tables")}) AND NOT ${isSettledDay(sql`player_days`)}`,
    record("player_days", pastOfPeople(people, asOf, "tables")),
  ],
};

export const playerDays: Tables = {
  name: "player_days",
  after: ["identities"],
  aboutPeople: true,
  attributed,
  apply: (step) => {
    const fresh = newEvents(step, OF_TABLE_PROJECTS);
    const statements = [
      ...counted(additions(fresh)),
      countDepositors(fresh),
      record("player_days", fresh),
      record("settled_days", newEvents({ ...step, repairs: null }, SETTLED_OF_DAYS)),
    ];
    return step.repairs === null ? statements : [...attributed.putIn(step.repairs, step.upTo), ...statements];
  },
  clear: () =>
    ["player_days", "settled_days", "returns", "retention", "depositors"].map(
      (table) => sql`DELETE FROM ${sql.raw(table)}`,
    ),
};
