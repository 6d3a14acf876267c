/**
 * The events that payout rules judge, each under the tag that it counts for. What it pays is computed from them a month at
 * a time (see `payouts/`): triggers of the table note which months are due.
 */

import { type SQL, sql } from "drizzle-orm";
import { words } from "../store/sql.ts";
import { type Attributed, repaired, type Tables } from "./projection.ts";
import {
  counts,
  eventsIn,
  isSettledDay,
  newEvents,
  pastEvents,
  pastOfPeople,
  person,
  type Range,
  repairedPeople,
} from "./resolve.ts";

/** The types that every rule needs, even if it pays for others: they show first deposits, and what was paid back. */
const MONEY = ["deposit", "withdrawal", "refund"] as const;

/** The types that the rules of a project judge, as rows: project_id, event_type. */
export const JUDGED = sql`SELECT r.project_id, t.value AS event_type
  FROM payout_rules r CROSS JOIN json_each(json_array(r.terms ->> 'event_type', ${words(MONEY)})) t
  WHERE t.value IS NOT NULL`;
const isJudged = sql`(e.project_id, e.event_type) IN (${JUDGED})`;

const COLUMNS = sql.raw(
  "seq, project_id, event_id, event_type, event_date, timestamp, person, amount, currency, banner_tag",
);

/** Rows that exist already stay: those of settled days, and those that were added for a rule's past. */
const add = (resolved: SQL, condition = sql`true`): SQL => sql`INSERT INTO conversions (${COLUMNS})
  WITH ${resolved} SELECT ${COLUMNS} FROM resolved WHERE ${condition} ON CONFLICT DO NOTHING`;

const attributed: Attributed = {
  takeOut: (people) => [
    sql`DELETE FROM conversions
      WHERE (project_id, person) IN (${repairedPeople(people)}) AND NOT ${isSettledDay(sql`conversions`)}`,
  ],
  putIn: (people, asOf) => [add(pastOfPeople(people, asOf), sql`(project_id, event_type) IN (${JUDGED})`)],
};

/**
 * A visit that arrives after later conversions becomes their click, which matters to click rules: the months of these
 * conversions are due, and so are the months that look back at them.
 */
const clicked = ({ after, upTo }: Range): SQL => sql`UPDATE payout_months SET version = version + 1
  WHERE EXISTS (SELECT 1 FROM click_rules) AND (project_id, banner_tag, month) IN (
    SELECT c.project_id, c.banner_tag, strftime('%Y-%m', c.event_date, d.value) FROM (
        SELECT e.project_id, e.banner_tag, e.timestamp, ${person(sql`e`, upTo)} AS person
        FROM ${eventsIn({ after, upTo })} AND e.event_type = 'visit' AND e.tagged = 1 AND ${counts(sql`e`, upTo)}
          AND e.project_id IN (SELECT r.project_id FROM click_rules r)) v
      JOIN conversions c ON c.project_id = v.project_id AND c.person = v.person AND c.timestamp >= v.timestamp
        AND c.banner_tag = v.banner_tag
      CROSS JOIN json_each('["+0 days", "+7 days"]') d)`;

export const conversions: Tables = {
  name: "conversions",
  after: ["identities"],
  aboutPeople: true,
  attributed,
  apply: (step) => [...repaired(attributed, step), add(newEvents(step, isJudged)), clicked(step)],
  clear: () => [sql`DELETE FROM conversions`],
};

/** Adds a project's past events that its rules judge, as they are when the log ends at `asOf`. */
export const addPast = (project_id: string, range: Range, asOf: number): SQL =>
  add(pastEvents(range, asOf, sql`e.project_id = ${project_id} AND ${isJudged}`));
