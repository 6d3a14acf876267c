/** How many came back on each day after the first, by the week (day, month) of the first; and what they have paid since. */
import { END } from "../projects.ts";
import { head, type Report, rate } from "./ask.ts";
import type { Row } from "./database.ts";
import { averageOf, money, payments } from "./money.ts";

type Found = Row & { cohort: string; banner_tag: string; day: number; people: number; active: number };

const DAYS = [0, 1, 3, 7, 14, 30, 60, 90];

const NAMES = ["people", "active"] as const;
/** Payments with the payer's first day, and with the tag that brought the payer instead of the payment's tag. */
const PAYMENTS = `(SELECT p.* REPLACE (q.brought_by AS banner_tag), q.first_day::DATE AS first_day
  FROM payments p JOIN persons q USING (project_id, person))`;

function retentionOf(rows: readonly Found[]) {
  const [first, ...retention] = DAYS.map((day) => {
    const own = rows.filter((row) => row.day === day);
    const [people = 0, active = 0] = NAMES.map((name) => own.reduce((sum, row) => sum + row[name], 0));
    return { day, people, active, rate: rate(active, people) };
  });
  return { players: first?.people ?? 0, retention };
}

/** Income, repeated for each day of the payer that is over and by whose end it had arrived. */
const byAge = (today: string) => `(SELECT p.*, n.day AS by_day FROM ${PAYMENTS} p, (SELECT unnest([${DAYS}]) AS day) n
  WHERE p.event_date::DATE <= first_day + n.day AND (n.day = 0 OR first_day + n.day < ${today}))`;

export const cohorts: Report = async (ask) => {
  const { project, query, period, select } = ask;
  const interval = query.get("interval") ?? "week";
  const grouped = query.has("group_by");
  const keys = [`strftime(date_trunc('${interval}', first_day), '%Y-%m-%d')`, ...(grouped ? ["banner_tag"] : [])];
  const today = `timezone('${project.timezone}', to_timestamp(${END / 1_000}))::DATE`;
  const begun = "first_day BETWEEN $from::DATE AND $to::DATE AND TAGGED";
  const found = await select<Found>(
    `WITH begun AS (
      SELECT person, first_day::DATE AS first_day, brought_by AS banner_tag FROM persons WHERE project_id = $project
    ), days AS (SELECT DISTINCT person, event_date::DATE AS day FROM events WHERE project_id = $project)
    SELECT ${keys[0]} AS cohort, ${grouped ? "banner_tag" : "''"} AS banner_tag,
      n.day, count(*) AS people, count(d.person) AS active
    FROM begun b CROSS JOIN (SELECT unnest([${DAYS}]) AS day) n
      LEFT JOIN days d ON d.person = b.person AND d.day = b.first_day + n.day
    WHERE ${begun} AND (n.day = 0 OR b.first_day + n.day < ${today})
    GROUP BY ALL ORDER BY ALL`,
  );
  const valuesBy = async (by: string[]) => {
    const of = await payments(ask, by, begun, {}, PAYMENTS);
    const payers = await select<{ key: string; people: number }>(
      `SELECT json_array(${by.join(", ")})::VARCHAR AS key, count(DISTINCT person) AS people FROM ${PAYMENTS}
      WHERE project_id = $project AND ${begun} AND event_type IN ('purchase', 'deposit') GROUP BY ALL`,
    );
    const aged = await payments(ask, [...by, "by_day"], begun, {}, byAge(today));
    return (key: string[], { players, retention }: ReturnType<typeof retentionOf>) => {
      const [income, refund, withdrawal] = [of(key, "income"), of(key, "refund"), of(key, "withdrawal")];
      return {
        paying_users: payers.find((row) => row.key === JSON.stringify(key))?.people ?? 0,
        revenue_usd: money(income.exact),
        net_usd: money(income.exact - refund.exact - withdrawal.exact),
        revenue_per_player_usd: averageOf(income, players),
        unconverted: income.unconverted,
        value: [{ day: 0, people: players }, ...retention].map(({ day, people }) => ({
          day,
          people,
          revenue_per_player_usd: averageOf(aged([...key, day], "income"), people),
        })),
      };
    };
  };
  const [values, inAll] = [await valuesBy(keys), await valuesBy([])];
  const rows = [...Map.groupBy(found, (row) => `${row.cohort} ${row.banner_tag}`).values()].map((own) => {
    const { cohort, banner_tag } = own[0] as Found;
    const kept = retentionOf(own);
    return {
      cohort,
      ...(grouped && { banner_tag: banner_tag || null }),
      ...kept,
      ...values([cohort, ...(grouped ? [banner_tag] : [])], kept),
    };
  });
  const kept = retentionOf(found);
  return {
    ...head(project),
    ...period,
    interval,
    rows,
    rows_left_out: 0,
    total: { ...kept, ...inAll([], kept) },
  };
};
