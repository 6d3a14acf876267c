/**
 * The daily figures. `total` is distinct events; `count` is people, at most once per day, type and person (in
 * `event_summary` also per tag). `activity` remembers who has been counted, and answers how many distinct people a longer
 * range has. Counts are written only for projects whose reports come from these tables; sums of money are written for all.
 */
import { type SQL, sql } from "drizzle-orm";
import { UNITS } from "../money.ts";
import { LOG_TABLES } from "../tables.ts";
import { type Attributed, repaired, type Tables } from "./projection.ts";
import { newEvents, OF_TABLE_PROJECTS, PAID, pastOfPeople } from "./resolve.ts";

/** A table of daily counts, and what its rows are grouped by in addition to project, date and type. */
const ROLLUPS = [
  { table: "daily_metrics", by: [] },
  { table: "event_summary", by: ["banner_tag"] },
] as const;

type Rollup = (typeof ROLLUPS)[number];
type Sign = 1 | -1;

const list = (columns: readonly string[]) => sql.raw(["project_id", "event_date", "event_type", ...columns].join(", "));

function rollUp({ table, by }: Rollup, resolved: SQL, sign: Sign, seenBefore: boolean): SQL {
  const alreadyCounted = sql`EXISTS (
    SELECT 1 FROM activity a WHERE a.project_id = r.project_id AND a.event_date = r.event_date
      AND a.event_type = r.event_type AND a.person = r.person
      ${sql.raw(by.map((column) => `AND a.${column} = r.${column}`).join(" "))})`;
  const newcomer = seenBefore ? sql`CASE WHEN NOT ${alreadyCounted} THEN person END` : sql`person`;
  return sql`INSERT INTO ${sql.raw(table)} (${list(by)}, count, total)
    WITH ${resolved}
    SELECT ${list(by)}, ${sign} * count(DISTINCT ${newcomer}), ${sign} * count(*) FROM resolved r
    WHERE true GROUP BY ${list(by)}
    ON CONFLICT DO UPDATE SET count = count + excluded.count, total = total + excluded.total`;
}

const ACTIVITY = sql.raw(LOG_TABLES.activity.key.join(", "));

function record(resolved: SQL): SQL {
  return sql`INSERT INTO activity (${ACTIVITY}, total)
    WITH ${resolved}
    SELECT ${ACTIVITY}, count(*) FROM resolved WHERE true GROUP BY ${ACTIVITY}
    ON CONFLICT DO UPDATE SET total = total + excluded.total`;
}

/** A literal, since D1 binds every number as a REAL, and SQLite does not round down when it divides by a REAL. */
const WHOLE = sql.raw(String(UNITS));

function sum(resolved: SQL, sign: Sign): SQL {
  const by = list(["banner_tag", "currency"]);
  return sql`INSERT INTO money_summary (${by}, total, whole, fraction)
    WITH ${resolved}
    SELECT ${by}, ${sign} * count(*), ${sign} * sum(amount / ${WHOLE}), ${sign} * sum(amount % ${WHOLE}) FROM resolved
    WHERE amount IS NOT NULL GROUP BY ${by}
    ON CONFLICT DO UPDATE SET total = total + excluded.total, whole = whole + excluded.whole,
      fraction = fraction + excluded.fraction`;
}

const attributed: Attributed = {
  takeOut: (people, asOf) => {
    const past = pastOfPeople(people, asOf, "tables");
    const emptied = (table: string, by: readonly string[], resolved: SQL) =>
      sql`DELETE FROM ${sql.raw(table)} WHERE total = 0 AND (${list(by)}) IN (WITH ${resolved} SELECT ${list(by)} FROM resolved)`;
    const everyone = pastOfPeople(people, asOf);
    return [
      ...ROLLUPS.flatMap((rollup) => [rollUp(rollup, past, -1, false), emptied(rollup.table, rollup.by, past)]),
      sum(everyone, -1),
      emptied("money_summary", ["banner_tag", "currency"], everyone),
      sql`DELETE FROM activity WHERE (project_id, event_date, event_type, person) IN (
        WITH ${past} SELECT project_id, event_date, event_type, person FROM resolved)`,
    ];
  },
  putIn: (people, asOf) => {
    const past = pastOfPeople(people, asOf, "tables");
    return [
      ...ROLLUPS.map((rollup) => rollUp(rollup, past, 1, false)),
      sum(pastOfPeople(people, asOf), 1),
      record(past),
    ];
  },
};

export const daily: Tables = {
  name: "daily",
  after: ["identities"],
  aboutPeople: true,
  attributed,
  apply: (step) => {
    const fresh = newEvents(step, OF_TABLE_PROJECTS);
    return [
      ...repaired(attributed, step),
      ...ROLLUPS.map((rollup) => rollUp(rollup, fresh, 1, true)),
      sum(newEvents(step, PAID), 1),
      record(fresh),
    ];
  },
  clear: () =>
    ["activity", "daily_metrics", "event_summary", "money_summary"].map((table) => sql`DELETE FROM ${sql.raw(table)}`),
};
