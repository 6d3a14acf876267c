/** Who came back so many days after the first, by the week (day, month) of the first; of those for whom it is over. */
import { END } from "../projects.ts";
import { head, type Report, rate } from "./ask.ts";
import type { Row } from "./database.ts";

type Found = Row & { cohort: string; banner_tag: string; day: number; people: number; active: number };

const BEGINS = { day: "day", week: "week", month: "month" } as const;
const DAYS = [0, 1, 3, 7, 14, 30, 60, 90];

function cohortOf(rows: readonly Found[]) {
  const [first, ...later] = DAYS.map((day) => {
    const own = rows.filter((row) => row.day === day);
    const [people, active] = (["people", "active"] as const).map((name) =>
      own.reduce((sum, row) => sum + row[name], 0),
    );
    return { day, people: people as number, active: active as number, rate: rate(active as number, people as number) };
  });
  return { players: first?.people ?? 0, retention: later };
}

export const cohorts: Report = async ({ project, query, period, select }) => {
  const interval = (query.get("interval") ?? "week") as keyof typeof BEGINS;
  const grouped = query.has("group_by");
  const found = await select<Found>(
    `WITH begun AS (
      SELECT person, first_day::DATE AS first_day, brought_by AS banner_tag FROM persons WHERE project_id = $project
    ), days AS (SELECT DISTINCT person, event_date::DATE AS day FROM events WHERE project_id = $project)
    SELECT strftime(date_trunc('${BEGINS[interval]}', b.first_day), '%Y-%m-%d') AS cohort,
      ${grouped ? "banner_tag" : "''"} AS banner_tag, n.day, count(*) AS people, count(d.person) AS active
    FROM begun b CROSS JOIN (SELECT unnest([${DAYS}]) AS day) n
      LEFT JOIN days d ON d.person = b.person AND d.day = b.first_day + n.day
    WHERE b.first_day BETWEEN $from::DATE AND $to::DATE AND TAGGED
      AND (n.day = 0 OR b.first_day + n.day < timezone($timezone, to_timestamp(${END / 1_000}))::DATE)
    GROUP BY ALL ORDER BY ALL`,
    { timezone: project.timezone },
  );
  const rows = [...Map.groupBy(found, (row) => `${row.cohort} ${row.banner_tag}`).values()].map((own) => ({
    cohort: own[0]?.cohort,
    ...(grouped && { banner_tag: own[0]?.banner_tag || null }),
    ...cohortOf(own),
  }));
  return { ...head(project), ...period, interval, rows, total: cohortOf(found) };
};
