/** The figures of a day, by app and in total. */
import { head, type Report } from "./ask.ts";
import type { Row } from "./database.ts";
import { averageOf, money, payments } from "./money.ts";

type Counts = Row & { app: string; active_users: number; paying_users: number };

export const kpis: Report = async (ask) => {
  const { project, query, select } = ask;
  const date = query.get("date");
  const counts = (app: string) =>
    select<Counts>(`
      SELECT ${app} AS app,
        count(DISTINCT person) FILTER (event_type = 'install') AS installs,
        count(DISTINCT person) FILTER (first_day = $date) AS new_players,
        count(DISTINCT person) AS active_users,
        count(DISTINCT person) FILTER (event_type IN ('purchase', 'deposit') AND amount IS NOT NULL) AS paying_users,
        count(*) FILTER (event_type = 'purchase' AND amount IS NOT NULL) AS purchases,
        count(*) FILTER (event_type = 'deposit' AND amount IS NOT NULL) AS deposits,
        count(DISTINCT person) FILTER (event_type = 'deposit' AND deposit_on = $date AND ours) AS first_deposits
      FROM (SELECT e.*, p.first_day, p.deposit_on, p.person IN (
          SELECT person FROM (SELECT person, project_id, deposit_tag AS banner_tag FROM persons)
          WHERE project_id = $project AND TAGGED) AS ours
        FROM events e JOIN persons p USING (project_id, person))
      WHERE project_id = $project AND event_date = $date AND TAGGED AND NARROWED GROUP BY app ORDER BY app`);
  const where = "event_date = $date AND TAGGED AND NARROWED";
  const [byApp, inAll] = [await payments(ask, ["coalesce(app_id, '')"], where), await payments(ask, ["''"], where)];
  const figures = ({ app, ...own }: Counts, of = byApp) => {
    const income = of([app], "income");
    return {
      ...own,
      revenue_usd: money(income.exact),
      arpu_usd: averageOf(income, own.active_users),
      arppu_usd: averageOf(income, own.paying_users),
      unconverted: income.unconverted,
    };
  };
  const [total] = await counts("''");
  const nobody = { installs: 0, new_players: 0, purchases: 0, deposits: 0, first_deposits: 0 };
  return {
    ...head(project),
    date,
    rows: (await counts("coalesce(app_id, '')")).map((row) => ({ app_id: row.app || null, ...figures(row) })),
    rows_left_out: 0,
    total: figures(total ?? { app: "", ...nobody, active_users: 0, paying_users: 0 }, inAll),
  };
};
