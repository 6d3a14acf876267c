/** Kept reports of the days, weeks and months that are over and in which anything arrived, the latest first. */
import { END } from "../projects.ts";
import type { Report } from "./ask.ts";
import type { Row } from "./database.ts";
import { average, money, payments } from "./money.ts";

const UNITS: Record<string, string> = { daily: "day", weekly: "week", monthly: "month" };

export const reports: Report = async (ask) => {
  const { project, query, select } = ask;
  const report_type = query.get("type") ?? "daily";
  const unit = UNITS[report_type];
  const begins = `strftime(date_trunc('${unit}', event_date::DATE), '%Y-%m-%d')`;
  const rows = await select<Row & { from: string }>(
    `WITH touched AS (
      SELECT DISTINCT ${begins} AS begins,
        strftime(date_trunc('${unit}', event_date::DATE) + INTERVAL 1 ${unit} - INTERVAL 1 DAY, '%Y-%m-%d') AS ends
      FROM outcomes WHERE project_id = $project
    ), periods AS (
      SELECT * FROM touched WHERE ends < strftime(timezone($timezone, to_timestamp(${END / 1_000})), '%Y-%m-%d')
    ), figures AS (
      SELECT ${begins} AS begins, count(*) AS events, count(DISTINCT person) AS players,
        count(*) FILTER (event_type = 'spin') AS spins, count(*) FILTER (event_type = 'purchase') AS purchases
      FROM events WHERE project_id = $project GROUP BY ALL
    ), apps AS (
      SELECT ${begins} AS begins, app_id, sum(amount * rate) AS usd FROM payments
      WHERE project_id = $project AND event_type = 'purchase' AND app_id IS NOT NULL GROUP BY ALL HAVING usd > 0
    ), best AS (
      SELECT begins, app_id FROM apps QUALIFY row_number() OVER (PARTITION BY begins ORDER BY usd DESC, app_id) = 1
    )
    SELECT begins AS from, ends AS to, coalesce(spins, 0) AS total_spins, coalesce(purchases, 0) AS total_purchases,
      app_id AS most_spent_app, coalesce(players, 0) AS players, coalesce(events, 0) AS events
    FROM periods LEFT JOIN figures USING (begins) LEFT JOIN best USING (begins) ORDER BY begins DESC`,
    { timezone: project.timezone },
  );
  const of = await payments(ask, [begins], "true");
  return {
    project_id: project.project_id,
    rows: rows.map((row) => {
      const [income, purchase] = [of([row.from], "income"), of([row.from], "purchase")];
      return {
        report_id: `${report_type}-${row.from}`,
        report_type,
        ...row,
        avg_purchase: average(purchase.exact, purchase.converted),
        revenue_usd: money(income.exact),
        unconverted: income.unconverted,
        revision: 1,
        generated_at: new Date(END).toISOString(),
        stale: false,
      };
    }),
    next_cursor: null,
  };
};
