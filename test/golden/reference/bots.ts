/** Events of bots, by day and reason. Tests do not count; a bot's repeated transaction does. */
import { byText, type Report } from "./ask.ts";

export const bots: Report = async ({ project, period, query, select }) => {
  const within = "project_id = $project AND event_date BETWEEN $from AND $to";
  const [all] = await select<{ events: number; total: number }>(
    `SELECT count(*) FILTER (outcome <> 'test') AS events, count(*) FILTER (outcome = 'bot') AS total
    FROM outcomes WHERE ${within}`,
  );
  const of = (columns: string) =>
    `SELECT ${columns}, count(*) AS total FROM outcomes WHERE ${within} AND outcome = 'bot' GROUP BY ALL`;
  const by_reason = await select<{ reason: string; total: number }>(of("bot AS reason"));
  const by = query.get("by");
  const values = await select<{ value: string | null; events: number; total: number }>(
    `SELECT ${by ?? "bot"} AS value, count(*) FILTER (outcome <> 'test') AS events, count(*) FILTER (outcome = 'bot') AS total
    FROM outcomes WHERE ${within} GROUP BY ALL HAVING total > 0`,
  );
  return {
    project_id: project.project_id,
    timezone: project.timezone,
    ...period,
    ...all,
    by_reason: by_reason.sort((a, b) => b.total - a.total || byText(a.reason, b.reason)),
    rows: await select(`${of("event_date, bot AS reason")} ORDER BY event_date, reason`),
    ...(by !== null && { by_value: values.sort((a, b) => b.total - a.total || byText(a.value, b.value)) }),
  };
};
