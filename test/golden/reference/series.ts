/** One figure over time, by hour or day in the project's time zone, including empty ones. */
import { END } from "../projects.ts";
import { byText, head, type Report, rate } from "./ask.ts";
import type { Row } from "./database.ts";
import { average, money, payments } from "./money.ts";

type Part = Row & {
  begins: number;
  value: string;
  people: number;
  events: number;
  visit: number;
  registration: number;
};

const NAMES: Record<
  string,
  { types?: string[]; money?: true; value: (part: Part | undefined, usd: bigint) => number | string | null }
> = {
  visits: { types: ["visit"], value: (part) => part?.events ?? 0 },
  registrations: { types: ["registration"], value: (part) => part?.events ?? 0 },
  deposits: { types: ["deposit"], value: (part) => part?.events ?? 0 },
  first_deposits: { value: (part) => part?.people ?? 0 },
  events: { value: (part) => part?.events ?? 0 },
  daily_active_users: { value: (part) => part?.people ?? 0 },
  revenue: { types: ["purchase", "deposit"], money: true, value: (_, usd) => money(usd) },
  arpu: { money: true, value: (part, usd) => average(usd, part?.people ?? 0) },
  conversion_rate: {
    types: ["visit", "registration"],
    value: (part) => rate(part?.registration ?? 0, part?.visit ?? 0),
  },
};

const QUARTER = 900_000;
/** Quarters of an hour, grouped by the clock's hour: an hour that occurs twice is one bucket of two hours. */
const clock = (granularity: string) => `
  quarters AS (
    SELECT moment, timezone($timezone, to_timestamp(moment / 1000)) AS local
    FROM (SELECT unnest(range(($start::BIGINT // ${QUARTER} - 200) * ${QUARTER}, $end::BIGINT + 200 * ${QUARTER}, ${QUARTER})) AS moment)
  ), intervals AS (
    SELECT strftime(local, '${granularity === "hour" ? "%Y-%m-%d %H" : "%Y-%m-%d"}') AS label,
      min(moment) AS begins, max(moment) + ${QUARTER} AS ends
    FROM quarters GROUP BY label HAVING ends > $start::BIGINT AND begins < $end::BIGINT
  )`;

export const series: Report = async (ask) => {
  const {
    project,
    query,
    rest: [name = ""],
    select,
  } = ask;
  const { types, money: paying = false, value } = NAMES[name] as (typeof NAMES)[string];
  const granularity = query.get("granularity") ?? "day";
  const dimension = query.get("dimension");
  const values = {
    timezone: project.timezone,
    start: String(Date.parse(query.get("startTime") ?? "")),
    end: String(Math.min(Date.parse(query.get("endTime") ?? ""), END)),
  };
  const label = granularity === "hour" ? "strftime(local_time, '%Y-%m-%d %H')" : "event_date";
  const group = dimension === null ? "''" : `coalesce(${dimension}, '')`;
  const intervals = await select<Row & { label: string; begins: number; ends: number }>(
    `WITH ${clock(granularity)} SELECT label, begins, ends FROM intervals ORDER BY begins`,
    values,
  );
  const counted = `SELECT label, ${group} AS value, count(DISTINCT person) AS people, count(*) AS events,
      count(*) FILTER (event_type = 'visit') AS visit, count(*) FILTER (event_type = 'registration') AS registration
    FROM events JOIN intervals ON label = ${label}
    WHERE project_id = $project AND TAGGED AND NARROWED ${types ? `AND event_type IN (${types.map((type) => `'${type}'`)})` : ""}
      ${name === "revenue" ? "AND amount IS NOT NULL" : ""}
    GROUP BY ALL`;
  const firsts = `SELECT label, ${group} AS value, count(*) AS people, 0 AS events, 0 AS visit, 0 AS registration
    FROM (SELECT project_id, deposit_on, deposit_tag AS banner_tag FROM persons) JOIN intervals ON label = deposit_on
    WHERE project_id = $project AND TAGGED GROUP BY ALL`;
  const parts = await select<Part>(
    `WITH ${clock(granularity)} ${name === "first_deposits" ? firsts : counted}`,
    values,
  );
  const paid = paying ? await payments(ask, [label, group], "TAGGED AND NARROWED") : null;
  const found = new Map(parts.map((part) => [`${part.label} ${part.value}`, part]));
  const groups = dimension === null ? [""] : [...new Set(parts.map((part) => part.value))].sort(byText);
  const iso = (at: number | undefined) => new Date(at ?? 0).toISOString();
  return {
    ...head(project),
    name,
    granularity,
    source: "tables",
    startTime: iso(intervals[0]?.begins),
    endTime: iso(intervals.at(-1)?.ends),
    points: intervals.flatMap(({ label: at, begins, ends }) =>
      groups.map((own) => {
        const { exact = 0n, unconverted = {} } = paid?.([at, own], "income") ?? {};
        return {
          time: iso(begins),
          ...(dimension && { [dimension]: own || null }),
          value: value(found.get(`${at} ${own}`), exact),
          ...(Object.keys(unconverted).length > 0 && { unconverted }),
          ...(ends > END && { complete: false }),
        };
      }),
    ),
  };
};
