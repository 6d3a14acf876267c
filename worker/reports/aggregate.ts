/**
 * Reports of whole days, weeks and months, kept once they are over on the project's clock. A report is made again when an
 * event or a rate for its days arrives after it was made, so a kept report always equals a new one.
 */
import { type SQL, sql } from "drizzle-orm";
import { addDays, localTime } from "../calendar.ts";
import type { Duty } from "../duties/duty.ts";
import { bringAllForward, LEAST_CURSOR } from "../projections/catch-up.ts";
import { isByDays } from "../projections/figures-progress.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { type Figures, figuresBy, foundInTables } from "./aggregate/figures.ts";
import { REPORT_TYPE_NAMES, REPORT_TYPES, type ReportType } from "./aggregate/report-types.ts";
import { foundInDays } from "./days/aggregate.ts";
import type { Period } from "./period.ts";

/** A project, and the date of today there. */
export type Clock = { project_id: string; today: string };

/** A rate is in force for a week (see usd.ts), so loads of the week before count. */
const LOADED = sql`ifnull((SELECT max(l.loaded_at) FROM loads l
  WHERE l.rate_date BETWEEN date(from_date, '-7 days') AND to_date), 0)`;

/** Whether the project's retention may have removed figures of a period: its kept report stays, and is not made again. */
const goneFrom = (project_id: SQL, from_date: SQL): SQL => sql`EXISTS (SELECT 1 FROM sweeps w
  WHERE w.project_id = ${project_id} AND w.class = 'aggregated_reports' AND w.swept_before > ${from_date})`;
const GONE = goneFrom(sql`ended.project_id`, sql`from_date`);

/**
 * `standing`: the periods that are over and have events or a report, as rows of project_id, from_date, to_date; `seq` is
 * the last event that touched it (null while `changes` is rebuilt), `loaded` the last load of rates, `gone` whether its
 * figures may have gone.
 */
export function standing(type: ReportType, clocks: readonly Clock[], { from, to }: Period): SQL {
  const { firstDay, first, last } = REPORT_TYPES[type];
  const since = firstDay(from);
  return sql`clocks AS MATERIALIZED (
      SELECT value ->> 'project_id' AS project_id, value ->> 'today' AS today FROM json_each(${JSON.stringify(clocks)})
    ), loads AS MATERIALIZED (
      SELECT rate_date, max(loaded_at) AS loaded_at FROM exchange_rates
      WHERE rate_date BETWEEN date(${since}, '-7 days') AND date(${to}, '+31 days') GROUP BY rate_date
    ), touched AS (
      SELECT k.project_id, k.today, ${first} AS from_date, c.seq FROM clocks k CROSS JOIN changes c
        ON c.project_id = k.project_id AND c.event_date >= ${since}
      UNION ALL
      SELECT k.project_id, k.today, r.from_date, NULL FROM clocks k CROSS JOIN aggregated_reports r
        ON r.project_id = k.project_id AND r.report_type = ${type} AND r.from_date >= ${since}
    ), ended AS (
      SELECT project_id, from_date, ${last} AS to_date, max(seq) AS seq FROM touched
      WHERE from_date <= ${to} AND ${last} < today GROUP BY project_id, from_date
    ), standing AS MATERIALIZED (SELECT *, ${LOADED} AS loaded, ${GONE} AS gone FROM ended)`;
}

/** Whether a kept report `r` of the period `s` is missing or out of date. */
export const STALE = sql`(NOT s.gone AND (r.seq < ifnull(s.seq, 0) OR r.rates < s.loaded))`;

/** `touched` is the last event of the period, `seq` the last one that its report will have. */
type Due = { project_id: string; from_date: string; to_date: string; touched: number; seq: number; rates: number };

/** D1 queries to find the reports that are due, and to make those of one project. */
const LOOK_QUERIES = 1;
const PROJECT_QUERIES = 6;

/**
 * Makes the reports of these periods that are missing or stale: the latest `most` at most, project by project while there
 * is `room`. Returns how many it made.
 */
export async function keepReports(
  db: Database,
  type: ReportType,
  clocks: readonly Clock[],
  period: Period,
  now: number,
  most: number,
  room: (queries: number) => boolean = () => true,
): Promise<number> {
  // The place of the tables in the log is read before their rows: an event that arrives in between makes the report stale.
  const due =
    await db.all<Due>(sql`WITH ${standing(type, clocks, period)}, least(seq) AS MATERIALIZED (SELECT ${LEAST_CURSOR})
    SELECT s.project_id, s.from_date, s.to_date, s.seq AS touched, least.seq AS seq, s.loaded AS rates
    FROM standing s CROSS JOIN least LEFT JOIN aggregated_reports r
      ON r.project_id = s.project_id AND r.report_type = ${type} AND r.from_date = s.from_date
    WHERE s.seq <= least.seq AND NOT s.gone AND (r.seq IS NULL OR ${STALE}) ORDER BY s.from_date DESC LIMIT ${most}`);
  let kept = 0;
  for (const [project_id, dueOfProject] of Map.groupBy(due, (one) => one.project_id)) {
    if (!room(PROJECT_QUERIES)) break;
    const from = dueOfProject.at(-1)?.from_date as string;
    const periods = { from, to: dueOfProject[0]?.to_date as string };
    const foundIn = (await isByDays(db, project_id)) ? foundInDays : foundInTables;
    const found = await foundIn(db, project_id, type, periods);
    const figures = figuresBy(found);
    // The figures may not have taken all that the tables have, or are being rebuilt.
    const made = dueOfProject
      .filter((one) => one.touched <= found.seq)
      .map((one) => ({ ...one, seq: Math.min(one.seq, found.seq), ...figures(one.from_date) }));
    if (made.length > 0) await transact(db, [write(type, made, now)]);
    kept += made.length;
  }
  return kept;
}

const FIGURES = [
  "total_spins",
  "total_purchases",
  "avg_purchase",
  "revenue_usd",
  "unconverted",
  "most_spent_app",
  "players",
  "events",
] as const satisfies (keyof Figures)[];

/** A report never replaces one that was made of more events, or of more days of its period. A new revision has other figures. */
function write(type: ReportType, made: readonly (Due & Figures)[], now: number): SQL {
  const values = sql.raw(FIGURES.map((name) => `value ->> '${name}'`).join(", "));
  const names = sql.raw(FIGURES.join(", "));
  const excluded = sql.raw(FIGURES.map((name) => `excluded.${name}`).join(", "));
  const assigned = sql.raw(FIGURES.map((name) => `${name} = excluded.${name}`).join(", "));
  const changed = sql`(${names}) IS NOT (${excluded})`;
  return sql`INSERT INTO aggregated_reports (project_id, report_type, from_date, to_date, seq, rates, ${names}, generated_at, revision)
    SELECT value ->> 'project_id', ${type}, value ->> 'from_date', value ->> 'to_date', value ->> 'seq', value ->> 'rates',
      ${values}, CAST(${now} AS INTEGER), 1 FROM json_each(${JSON.stringify(made)})
    WHERE NOT ${goneFrom(sql`value ->> 'project_id'`, sql`value ->> 'from_date'`)}
    ON CONFLICT DO UPDATE SET seq = excluded.seq, rates = excluded.rates, ${assigned},
      generated_at = CASE WHEN ${changed} THEN excluded.generated_at ELSE generated_at END,
      revision = revision + (${changed})
    WHERE excluded.seq >= aggregated_reports.seq AND excluded.rates >= aggregated_reports.rates`;
}

/**
 * Events are accepted for 31 days. For an event that comes later, by a replay, the report is made again when somebody asks
 * for it.
 */
const LATE_DAYS = 40;
/** Reports made in one run; the next run makes the others. */
const RUN = 200;
/** Days begin on a quarter of an hour, in any time zone. */
const QUARTER_MS = 15 * 60_000;

export const keptReports: Duty = {
  name: "reports",
  every: QUARTER_MS,
  async run(env, budget, now) {
    const db = databaseOf(env);
    const projects = await db.all<{ project_id: string; timezone: string }>(
      sql`SELECT project_id, timezone FROM projects`,
    );
    const clocks = projects.map(({ project_id, timezone }) => ({ project_id, today: localTime(timezone, now).date }));
    // A day that is over is made once with all of its events, not again and again as they come into the tables.
    const ended = projects.some(
      ({ timezone }) => localTime(timezone, now - QUARTER_MS).date !== localTime(timezone, now).date,
    );
    if (ended) await bringAllForward(env, db, now);
    const { date: today } = localTime("UTC", now);
    const period = { from: addDays(today, -LATE_DAYS), to: addDays(today, 1) };
    const room = (queries: number) => budget.has(queries);
    for (const type of REPORT_TYPE_NAMES) {
      if (!room(LOOK_QUERIES + PROJECT_QUERIES)) return "more";
      if ((await keepReports(db, type, clocks, period, now, RUN, room)) === RUN) return "more";
      if (!room(PROJECT_QUERIES)) return "more";
    }
    return "done";
  },
};
