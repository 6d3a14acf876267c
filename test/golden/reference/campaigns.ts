/** A row per banner tag: what it brought in the period, and in the one that it is compared with. */
import { type Ask, byText, type Report, rate } from "./ask.ts";

type Figures = {
  visits: number;
  unique_players: number;
  registrations: number;
  first_deposits: number;
  deposits: number;
  amount: string;
  other_amounts: Record<string, string>;
  visit_to_registration: number | null;
  registration_to_first_deposit: number | null;
};
type Found = Omit<Figures, "other_amounts"> & { name: string; others: string[][] };

/** `group` is the tag, or nothing for the total. */
async function figures({ project, select }: Ask, { from, to }: Ask["period"], group: string) {
  const rows = await select<Found>(
    `WITH within AS (
      SELECT *, ${group} AS name FROM events WHERE project_id = $project AND event_date BETWEEN $from AND $to AND TAGGED
    ), counted AS (
      SELECT name, count(*) FILTER (event_type = 'visit') AS visits,
        count(DISTINCT person) AS unique_players,
        count(DISTINCT (event_date, person)) FILTER (event_type = 'registration') AS registrations,
        count(*) FILTER (event_type = 'deposit') AS deposits
      FROM within GROUP BY name
    ), first AS (
      SELECT ${group} AS name, count(*) AS first_deposits FROM (SELECT *, tag AS banner_tag FROM milestones)
      WHERE project_id = $project AND event_type = 'deposit' AND nth = 1 AND reached_on BETWEEN $from AND $to AND TAGGED
      GROUP BY name
    ), deposited AS (
      SELECT name, currency, decimal_text(sum(amount::HUGEINT)) AS amount FROM within
      WHERE event_type = 'deposit' AND amount IS NOT NULL GROUP BY name, currency
    ), money AS (
      SELECT name, any_value(amount) FILTER (currency = $currency) AS amount,
        list([currency, amount]) FILTER (currency <> $currency) AS others
      FROM deposited GROUP BY name
    )
    SELECT name, visits, unique_players, registrations, coalesce(first_deposits, 0) AS first_deposits, deposits,
      coalesce(amount, '0.00') AS amount, coalesce(others, []) AS others
    FROM counted LEFT JOIN first USING (name) LEFT JOIN money USING (name)`,
    { from, to, currency: project.currency },
  );
  return new Map(
    rows.map(({ name, others, ...row }): [string, Figures] => [
      name,
      {
        ...row,
        other_amounts: Object.fromEntries(others),
        visit_to_registration: rate(row.registrations, row.visits),
        registration_to_first_deposit: rate(row.first_deposits, row.registrations),
      },
    ]),
  );
}

const NOTHING: Figures = {
  visits: 0,
  unique_players: 0,
  registrations: 0,
  first_deposits: 0,
  deposits: 0,
  amount: "0.00",
  other_amounts: {},
  visit_to_registration: null,
  registration_to_first_deposit: null,
};

const DAY = 86_400_000;
const shift = (date: string, days: number) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);

/** As many days just before, or the same days a year earlier. */
function compared({ from, to }: Ask["period"], compare: string): Ask["period"] {
  if (compare === "previous") {
    const days = (Date.parse(to) - Date.parse(from)) / DAY + 1;
    return { from: shift(from, -days), to: shift(from, -1) };
  }
  const earlier = (date: string) => `${Number(date.slice(0, 4)) - 1}${date.slice(4)}`.replace("02-29", "02-28");
  return { from: earlier(from), to: earlier(to) };
}

export const campaigns: Report = async (ask) => {
  const { project, query, period } = ask;
  const compare = query.get("compare");
  const previous_period = compare === null ? null : compared(period, compare);
  const both = async (group: string) => ({
    now: await figures(ask, period, group),
    before: previous_period && (await figures(ask, previous_period, group)),
  });
  const { now, before } = await both("banner_tag");
  const total = await both("''");
  const names = new Set([...now.keys(), ...(before?.keys() ?? [])]);
  const row = (from: { now: Map<string, Figures>; before: Map<string, Figures> | null }, name: string) => ({
    ...(from.now.get(name) ?? NOTHING),
    ...(from.before && { previous: from.before.get(name) ?? NOTHING }),
  });
  const sort = query.get("sort") ?? "-visits";
  const column = sort.replace("-", "") as keyof Figures | "banner_tag";
  const value = (of: { banner_tag: string | null } & Figures) =>
    column === "amount" ? Number(of.amount) : (of[column] ?? (column === "banner_tag" ? "" : -1));
  const rows = [...names]
    .map((name) => ({ banner_tag: name === "" ? null : name, ...row({ now, before }, name) }))
    .sort((a, b) => {
      const order = value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
      return (sort.startsWith("-") ? -order : order) || byText(a.banner_tag, b.banner_tag);
    });
  return {
    project_id: project.project_id,
    timezone: project.timezone,
    currency: project.currency,
    ...period,
    rows,
    total: row(total, ""),
    ...(previous_period && { previous_period }),
  };
};
