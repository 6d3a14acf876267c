/** A row per banner tag: its figures in the period, and in the compared period. */
import { type Ask, byText, head, type Report, rate } from "./ask.ts";
import type { Row } from "./database.ts";
import { averageOf, money, type Paid, payments, shareOf } from "./money.ts";

type Period = Ask["period"];
type Counts = Row & { name: string; visits: number; registrations: number; first_deposits: number };

/** The currency of amounts. */
const intoOf = ({ project, query }: Ask): string => query.get("currency") ?? project.currency;

/** `group` is the tag, or nothing for the total. */
async function campaignsIn(ask: Ask, { from, to }: Period, group: string) {
  const { project, select } = ask;
  const into = intoOf(ask);
  const counts = await select<Counts>(
    `WITH within AS (
      SELECT e.*, ${group} AS name, p.deposit_on FROM events e JOIN persons p USING (project_id, person)
      WHERE project_id = $project AND event_date BETWEEN $from AND $to AND TAGGED
    ), first AS (
      SELECT ${group} AS name, count(*) AS first_deposits,
        count(*) FILTER (registration_on BETWEEN $from AND $to) AS new_depositors
      FROM (SELECT *, deposit_tag AS banner_tag FROM persons WHERE project_id = $project AND deposit_on BETWEEN $from AND $to)
      WHERE TAGGED GROUP BY name
    ), counted AS (
      SELECT name, count(*) FILTER (event_type = 'visit') AS visits,
        count(DISTINCT person) AS unique_players,
        count(DISTINCT (event_date, person)) FILTER (event_type = 'registration') AS registrations,
        count(DISTINCT person) FILTER (event_type = 'deposit' AND deposit_on < $from) AS returning_depositors,
        count(DISTINCT person) FILTER (event_type = 'deposit') AS depositors,
        count(*) FILTER (event_type = 'deposit') AS deposits
      FROM within GROUP BY name
    )
    SELECT counted.*, coalesce(first_deposits, 0) AS first_deposits, coalesce(new_depositors, 0) AS new_depositors
    FROM counted LEFT JOIN first USING (name)`,
    { from, to },
  );
  const paid = await payments(ask, [group], "event_date BETWEEN $from AND $to AND TAGGED", {
    from,
    to,
    into,
  });
  const nothing = { visits: 0, unique_players: 0, registrations: 0, first_deposits: 0 };
  const rest = { new_depositors: 0, returning_depositors: 0, depositors: 0, deposits: 0 };
  const figures = (name: string) => {
    const { name: _, ...own } = counts.find((row) => row.name === name) ?? { name, ...nothing, ...rest };
    const [deposited, refunded, withdrawn] = ["deposit", "refund", "withdrawal"].map((kind) => paid([name], kind)) as [
      Paid,
      Paid,
      Paid,
    ];
    return {
      ...own,
      amount: money(deposited.exact),
      deposit_per_first_deposit: averageOf(deposited, own.first_deposits),
      deposit_per_visit: averageOf(deposited, own.visits),
      refunded: money(refunded.exact),
      withdrawn: money(withdrawn.exact),
      net_amount: money(deposited.exact - refunded.exact - withdrawn.exact),
      ...(project.ngr_deduction_percent !== undefined && {
        ngr: shareOf(deposited.exact - refunded.exact - withdrawn.exact, 100 - project.ngr_deduction_percent),
      }),
      unconverted: deposited.unconverted,
      refunded_unconverted: refunded.unconverted,
      withdrawn_unconverted: withdrawn.unconverted,
      visit_to_registration: rate(own.registrations, own.visits),
      registration_to_first_deposit: rate(own.first_deposits, own.registrations),
    };
  };
  return { names: counts.map(({ name }) => name), figures };
}

/**
 * The beginning of the hour of each tag's last event up to a day. An hour that the clocks show twice begins the first time:
 * it is searched in steps of half an hour, as long as the clock shows the same hour.
 */
async function lastEvents({ project, select }: Ask, { to }: Period): Promise<Map<string, string>> {
  const rows = await select<{ name: string; beginning: string }>(
    `WITH last AS (
      SELECT banner_tag AS name, max(timestamp) AS moment FROM events
      WHERE project_id = $project AND event_date <= $to AND TAGGED GROUP BY banner_tag
    ), back AS (
      SELECT name, moment, (moment // 1800000 - unnest([0, 1, 2, 3])) * 1800000 AS begins FROM last
    ), shown AS (
      SELECT name, begins,
        strftime(timezone($zone, to_timestamp(0) + to_milliseconds(begins)), '%Y-%m-%d %H')
          = strftime(timezone($zone, to_timestamp(0) + to_milliseconds(moment)), '%Y-%m-%d %H') AS same
      FROM back
    )
    SELECT name, strftime(to_timestamp(0) AT TIME ZONE 'UTC' + to_milliseconds(min(begins)), '%Y-%m-%dT%H:%M:%S.000Z') AS beginning
    FROM shown WHERE same GROUP BY name`,
    { to, zone: project.timezone },
  );
  return new Map(rows.map(({ name, beginning }) => [name, beginning]));
}

const DAY = 86_400_000;
const shift = (date: string, days: number) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);

/** The compared period: as many days just before, the nearest on the same weekdays, or the same days a year earlier. */
function compared({ from, to }: Period, compare: string): Period {
  if (compare === "previous") {
    const days = (Date.parse(to) - Date.parse(from)) / DAY + 1;
    return { from: shift(from, -days), to: shift(from, -1) };
  }
  if (compare === "weekday") {
    const length = (Date.parse(to) - Date.parse(from)) / DAY + 1;
    let weeks = 1;
    while (weeks * 7 < length) weeks++;
    return { from: shift(from, -7 * weeks), to: shift(to, -7 * weeks) };
  }
  const earlier = (date: string) => `${Number(date.slice(0, 4)) - 1}${date.slice(4)}`.replace("02-29", "02-28");
  return { from: earlier(from), to: earlier(to) };
}

async function hadBegun({ select }: Ask, day: string): Promise<boolean> {
  const [found] = await select<{ events: number }>(
    "SELECT count(*) AS events FROM events WHERE project_id = $project AND event_date <= $day",
    { day },
  );
  return (found?.events ?? 0) > 0;
}

export const campaigns: Report = async (ask) => {
  const { project, query, period } = ask;
  const compare = query.get("compare");
  const previous_period = compare === null ? null : compared(period, compare);
  const [now, total] = [await campaignsIn(ask, period, "banner_tag"), await campaignsIn(ask, period, "''")];
  const before = previous_period && (await campaignsIn(ask, previous_period, "banner_tag"));
  const totalBefore = previous_period && (await campaignsIn(ask, previous_period, "''"));
  const last = await lastEvents(ask, period);
  const sort = query.get("sort") ?? "-visits";
  const names = [...new Set([...now.names, ...(before?.names ?? [])])];
  const rows = names
    .map((name) => ({
      banner_tag: name === "" ? null : name,
      ...now.figures(name),
      last_event_at: last.get(name) ?? null,
      ...(before && { previous: before.figures(name) }),
    }))
    .sort((a, b) => {
      const column = sort.replace("-", "") as keyof typeof a;
      const lost = (row: typeof a) =>
        (/^(?:amount|deposit_per_|net_)/.test(column) && Object.keys(row.unconverted).length > 0) ||
        (/^(?:refunded|net_)/.test(column) && Object.keys(row.refunded_unconverted).length > 0) ||
        (/^(?:withdrawn|net_)/.test(column) && Object.keys(row.withdrawn_unconverted).length > 0);
      if (lost(a) !== lost(b)) return lost(a) ? -1 : 1;
      const order =
        column === "banner_tag" || column === "last_event_at"
          ? byText(a[column], b[column])
          : Number(a[column] ?? -1) - Number(b[column] ?? -1);
      return (sort.startsWith("-") ? -order : order) || byText(a.banner_tag, b.banner_tag);
    });
  return {
    ...head(project),
    currency: intoOf(ask),
    ...period,
    rows,
    // There are fewer tags than fit in an answer.
    rows_left_out: 0,
    total: {
      ...total.figures(""),
      last_event_at: names.map((name) => last.get(name) ?? "").reduce((a, b) => (a > b ? a : b), "") || null,
      ...(totalBefore && { previous: totalBefore.figures("") }),
    },
    ...(previous_period && { previous_period, has_earlier_data: await hadBegun(ask, previous_period.from) }),
  };
};
