/** Payments, by day or hour. */
import { type Ask, head, type Report } from "./ask.ts";
import type { Row } from "./database.ts";
import { average, money, type Payments, payments, shareOf } from "./money.ts";

function figures(
  of: Payments,
  key: readonly unknown[],
  paying_users: number,
  byCurrency: boolean,
  percent: number | undefined,
) {
  const [income, refund, withdrawal] = [of(key, "income"), of(key, "refund"), of(key, "withdrawal")];
  return {
    purchases: of(key, "purchase").events,
    deposits: of(key, "deposit").events,
    paying_users,
    ...(byCurrency ? { total: Object.values(income.totals)[0] ?? "0.00" } : { totals: income.totals }),
    total_usd: money(income.exact),
    average_usd: average(income.exact, income.converted),
    refunds: refund.events,
    refunded_usd: money(refund.exact),
    withdrawals: withdrawal.events,
    withdrawn_usd: money(withdrawal.exact),
    net_usd: money(income.exact - refund.exact - withdrawal.exact),
    ...(percent !== undefined && {
      ngr_usd: shareOf(income.exact - refund.exact - withdrawal.exact, 100 - percent),
    }),
    unconverted: income.unconverted,
    refunded_unconverted: refund.unconverted,
    withdrawn_unconverted: withdrawal.unconverted,
  };
}

async function rowsBy(ask: Ask, keys: string[]) {
  const where = `event_date BETWEEN $from AND $to AND TAGGED AND NARROWED ${ask.query.has("event_type") ? "AND event_type = $event_type" : ""}`;
  const of = await payments(ask, keys, where);
  const groups = await ask.select<Row & { key: string; people: number }>(`
    SELECT json_array(${keys.join(", ")})::VARCHAR AS key,
      count(DISTINCT person) FILTER (event_type IN ('purchase', 'deposit')) AS people
    FROM payments WHERE project_id = $project AND ${where} GROUP BY ALL ORDER BY ${["key", ...keys.map((key) => `any_value(${key})`)].slice(1).join(", ") || "key"}`);
  return { of, groups: groups.map(({ key, people }) => ({ key: JSON.parse(key) as unknown[], people })) };
}

export const revenue: Report = async (ask) => {
  const { project, query, period } = ask;
  const group_by = query.get("group_by");
  const hourly = query.get("interval") === "hour";
  const names = ["event_date", ...(hourly ? ["event_hour"] : []), ...(group_by ? [group_by] : [])];
  const { of, groups } = await rowsBy(
    ask,
    names.map((name) => (name === group_by ? `coalesce(${name}, '')` : name)),
  );
  const all = await rowsBy(ask, []);
  return {
    ...head(project),
    ...period,
    rows: groups.map(({ key, people }) => ({
      ...Object.fromEntries(names.map((name, index) => [name, key[index] === "" ? null : key[index]])),
      ...figures(of, key, people, group_by === "currency", project.ngr_deduction_percent),
    })),
    total: figures(all.of, [], all.groups[0]?.people ?? 0, false, project.ngr_deduction_percent),
  };
};
