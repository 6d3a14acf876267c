/**
 * People by the week of their first day: how many were active again so many days later. A day is looked at once it is
 * over, so a young cohort is not taken for a poor one: `people` are those of the cohort for whom it is.
 */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { localTime } from "../calendar.ts";
import { RETENTION_DAYS } from "../projections/player-days.ts";
import type { Database } from "../schema.ts";
import { days, maybe, named, rate, whole } from "./answer.ts";
import { dated, onlyTags, type Period, tag } from "./period.ts";
import { report } from "./report.ts";

const COHORTS = ["day", "week", "month"] as const;
type Cohort = (typeof COHORTS)[number];

const query = z.strictObject({
  ...dated,
  banner_tag: tag.optional(),
  group_by: z.enum(["banner_tag"], "must be banner_tag").optional(),
  interval: z.enum(COHORTS, "must be day, week or month").optional(),
});

const retained = z
  .object({
    day: whole.describe("Days after the first."),
    people: whole.describe("Those for whom that day is over."),
    active: whole.describe("Those of them who were active on it."),
    rate,
  })
  .meta({ id: "Retained" });
const cohort = {
  players: whole.describe("Whose first day lies in it, visitors included."),
  retention: z.array(retained),
};
const row = z.object({
  cohort: z.iso.date().describe("Its first day; weeks begin on Monday."),
  banner_tag: maybe.exactOptional(),
  ...cohort,
});
type CohortRow = z.output<typeof row>;

const answer = z
  .object({
    ...named,
    ...days,
    interval: z.enum(COHORTS),
    rows: z.array(row),
    total: z.object(cohort).meta({ id: "Cohort" }),
  })
  .meta({ id: "Cohorts" });

/** The first day of the cohort in which a date lies, of those who begin in the period. */
const COHORT_OF = {
  day: sql`cohort_date`,
  week: sql`date(cohort_date, 'weekday 0', '-6 days')`,
  month: sql`date(cohort_date, 'start of month')`,
} as const;

type Counted = { cohort: string; banner_tag: string; day: number; people: number; active: number };

/** For each cohort and day: those for whom the day is over on `today`, and those of them who were active. */
function retentionRows(
  db: Database,
  project_id: string,
  { from, to }: Period,
  asked: { interval: Cohort; tags: string[] | null; grouped: boolean; today: string },
): Promise<Counted[]> {
  return db.all<Counted>(sql`
    WITH begun AS MATERIALIZED (
      SELECT cohort_date, ${COHORT_OF[asked.interval]} AS cohort, ${asked.grouped ? sql`banner_tag` : sql`''`} AS banner_tag,
        day, people
      FROM retention
      WHERE project_id = ${project_id} AND cohort_date BETWEEN ${from} AND ${to} ${onlyTags(sql`banner_tag`, asked.tags)}
    ), over AS (
      SELECT cohort_date, cohort, banner_tag, d.value AS day, sum(people) AS people
      FROM begun CROSS JOIN json_each(${JSON.stringify(RETENTION_DAYS)}) d
      WHERE begun.day = 0 AND (d.value = 0 OR date(cohort_date, d.value || ' days') < ${asked.today}) GROUP BY 1, 2, 3, 4
    ), active AS (
      SELECT cohort_date, banner_tag, day, sum(people) AS active FROM begun GROUP BY 1, 2, 3
    )
    SELECT o.cohort, o.banner_tag, o.day, sum(o.people) AS people, sum(ifnull(a.active, 0)) AS active
    FROM over o LEFT JOIN active a USING (cohort_date, banner_tag, day)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`);
}

/** All days of one cohort, or of all of them together. */
function cohortOf(rows: Counted[]): z.output<z.ZodObject<typeof cohort>> {
  const retention = RETENTION_DAYS.map((day) => {
    const own = rows.filter((row) => row.day === day);
    const people = own.reduce((sum, row) => sum + row.people, 0);
    const active = own.reduce((sum, row) => sum + row.active, 0);
    return { day, people, active, rate: people > 0 ? active / people : null };
  });
  const [first, ...later] = retention;
  return { players: first?.people ?? 0, retention: later };
}

export const cohorts = report({
  id: "getCohorts",
  path: "/cohorts",
  summary: "Retention by the week of people's first day",
  description:
    "Whether those who came first in a week were active again exactly 1, 3, 7, … days after their first day.",
  role: "viewer",
  query,
  answer,
  holds: "A row for each cohort, and with `group_by=banner_tag` for the tag of people's first event.",
  tries: ["group_by=banner_tag", "interval=day"],
  // A day later, another day is over.
  reads: "now",
  async read({ db, project: { project_id, timezone }, period, tags, now, query: { interval = "week", group_by } }) {
    const today = localTime(timezone, now).date;
    const asked = { interval, tags, grouped: group_by !== undefined, today };
    const found = await retentionRows(db, project_id, period, asked);
    const rows = [...Map.groupBy(found, (row) => `${row.cohort} ${row.banner_tag}`).values()].map((own): CohortRow => {
      const [{ cohort, banner_tag }] = own as [Counted];
      return { cohort, ...(group_by && { banner_tag: banner_tag || null }), ...cohortOf(own) };
    });
    const later = RETENTION_DAYS.slice(1);
    return {
      body: { project_id, timezone, ...period, interval, rows, total: cohortOf(found) },
      columns: [
        "cohort",
        ...(group_by ? [group_by] : []),
        "players",
        ...later.flatMap((day) => [`day_${day}_people`, `day_${day}_active`, `day_${day}_rate`]),
      ],
      rows: rows.map(({ retention, ...row }) => ({
        ...row,
        ...Object.fromEntries(
          retention.flatMap(({ day, people, active, rate }) => [
            [`day_${day}_people`, people],
            [`day_${day}_active`, active],
            [`day_${day}_rate`, rate],
          ]),
        ),
      })),
    };
  },
});
