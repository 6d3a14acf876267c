/** The sources of visitors: each by the first visit in the period, and the figures of what they did in it. */
import { byText, head, type Report, rate } from "./ask.ts";
import type { Row } from "./database.ts";
import { averageOf, money, payments } from "./money.ts";

type Counts = Row & {
  value: string;
  visits: number;
  visitors: number;
  registrations: number;
  first_deposits: number;
  deposits: number;
};

const COLUMNS = ["referrer", "browser", "os", "country", "device", "app_id", "platform"];
/** Texts, numbers and flags of `data`; lists, objects and empty texts are no value. */
function valueIn(by: string): string {
  if (COLUMNS.includes(by)) return `coalesce(${by}, '')`;
  const path = `'$."${by.replace(/^data\./, "")}"'`;
  return `CASE WHEN json_type(data, ${path}) IN ('VARCHAR', 'BIGINT', 'UBIGINT', 'BOOLEAN') THEN data ->> ${path} ELSE '' END`;
}

export const traffic: Report = async (ask) => {
  const { project, query, period, select } = ask;
  const by = query.get("by") ?? "referrer";
  const value = valueIn(by);
  const within = "project_id = $project AND event_date BETWEEN $from AND $to AND TAGGED";
  const came = `SELECT person, arg_min(${value}, (timestamp, event_id)) AS value
    FROM events WHERE ${within} AND event_type = 'visit' AND NARROWED GROUP BY person`;
  const counts = await select<Counts>(`
    WITH came AS (${came}), visited AS (
      SELECT ${value} AS value, count(*) AS visits
      FROM events WHERE ${within} AND event_type = 'visit' AND NARROWED GROUP BY ALL
    ), visitors AS (SELECT value, count(*) AS visitors FROM came GROUP BY value
    ), done AS (
      SELECT value, count(DISTINCT (event_date, person)) FILTER (event_type = 'registration') AS registrations,
        count(*) FILTER (event_type = 'deposit') AS deposits
      FROM (SELECT * FROM events WHERE ${within}) JOIN came USING (person) GROUP BY value
    ), first AS (
      SELECT value, count(*) AS first_deposits
      FROM (SELECT person, deposit_tag AS banner_tag FROM persons
        WHERE project_id = $project AND deposit_on BETWEEN $from AND $to) JOIN came USING (person)
      WHERE TAGGED GROUP BY value
    )
    SELECT value, visits, coalesce(visitors, 0) AS visitors, coalesce(registrations, 0) AS registrations,
      coalesce(first_deposits, 0) AS first_deposits, coalesce(deposits, 0) AS deposits
    FROM visited LEFT JOIN visitors USING (value) LEFT JOIN done USING (value) LEFT JOIN first USING (value)`);
  const source = `(SELECT p.*, value FROM payments p JOIN (${came}) USING (person))`;
  const into = { into: query.get("currency") ?? project.currency };
  const [each, all] = [
    await payments(ask, ["value"], "event_date BETWEEN $from AND $to AND TAGGED", into, source),
    await payments(ask, ["''"], "event_date BETWEEN $from AND $to AND TAGGED", into, source),
  ];
  const figures = ({ value: _, ...own }: Counts, paid: ReturnType<typeof each>) => ({
    ...own,
    amount: money(paid.exact),
    deposit_per_visit: averageOf(paid, own.visits),
    unconverted: paid.unconverted,
    visit_to_registration: rate(own.registrations, own.visits),
    registration_to_first_deposit: rate(own.first_deposits, own.registrations),
  });
  const sum = (name: keyof Counts) => counts.reduce((total, row) => total + Number(row[name]), 0);
  const sort = query.get("sort") ?? "-visits";
  const column = sort.replace("-", "");
  const rows = counts
    .map((row) => ({ value: row.value || null, ...figures(row, each([row.value], "deposit")) }))
    .sort((a, b) => {
      const lost = (row: typeof a) =>
        /^(?:amount|deposit_per_)/.test(column) && Object.keys(row.unconverted).length > 0;
      if (lost(a) !== lost(b)) return lost(a) ? -1 : 1;
      const of = (row: typeof a) => Number((row as Record<string, unknown>)[column] ?? -1);
      const order = column === "value" ? byText(a.value, b.value) : of(a) - of(b);
      return (sort.startsWith("-") ? -order : order) || byText(a.value, b.value);
    });
  return {
    ...head(project),
    by,
    currency: into.into,
    ...period,
    rows,
    // There are fewer values than fit in an answer.
    rows_left_out: 0,
    total: figures(
      {
        value: "",
        visits: sum("visits"),
        visitors: sum("visitors"),
        registrations: sum("registrations"),
        first_deposits: sum("first_deposits"),
        deposits: sum("deposits"),
      },
      all([""], "deposit"),
    ),
  };
};
