/**
 * Days on which a tag, or all together, left the band that the weeks before let one expect: in volume or conversion,
 * silence included. The verdict on a day depends on the days before it alone, never on the period that is asked for.
 */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, daysBetween, localTime } from "../calendar.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { FUNNEL_STEPS } from "../projections/players.ts";
import type { Database } from "../schema.ts";
import { BEFORE } from "./anomalies/band.ts";
import { daySoFar, watchedTag } from "./anomalies/day-so-far.ts";
import { sentenceOf } from "./anomalies/sentence.ts";
import { type Counted, FIRST_DEPOSIT, seriesOf } from "./anomalies/series.ts";
import { type Anomaly, anomaliesIn, KINDS, SEVERITIES } from "./anomalies/verdict.ts";
import { days, maybe, named, text, whole } from "./answer.ts";
import { dated, type Period } from "./period.ts";
import { report } from "./report.ts";

/** Each series takes a few milliseconds for as many days. */
const MOST_DAYS = 92;
/** Tags that are watched one by one: those with most events, and before them those that are asked for. */
const MOST_TAGS = 200;

const query = z.strictObject({ ...dated, ...tagFilter });

const row = z
  .object({
    event_date: z.iso.date(),
    banner_tag: maybe.describe("Null: all tags, and what has none."),
    measure: text.describe("An event type, `visit_to_registration` or `registration_to_first_deposit`."),
    kind: z.enum(KINDS),
    severity: z.enum(SEVERITIES),
    days: whole.describe("How many days up to that date the figures cover: 3, where one alone did not show it."),
    complete: z.boolean().describe("Whether the day is over; before, only silence and drops are reported."),
    value: z.number().describe("Events; of a conversion, a rate."),
    expected: z.number(),
    expected_low: z.number(),
    expected_high: z.number(),
    message: text,
  })
  .meta({ id: "Anomaly" });

const answer = z
  .object({
    ...named,
    ...days,
    tags_left_out: whole.describe(
      `Tags that are not watched one by one: a project has more than ${MOST_TAGS}, and these have the fewest events.`,
    ),
    watched: whole.describe(
      "Measures of tags with traffic and history enough that their silence on the last day would be reported.",
    ),
    rows: z.array(row),
  })
  .meta({ id: "Anomalies" });

/** The tags that are watched, and how many are not. */
async function watchedTags(
  db: Database,
  project_id: string,
  { from, to }: Period,
  asked: string[] | null,
): Promise<{ tags: string; left_out: number }> {
  const first = sql`banner_tag IN (SELECT value FROM json_each(${JSON.stringify(asked ?? [])}))`;
  const found = await db.get<{ tags: string; left_out: number }>(sql`
    WITH tags AS MATERIALIZED (
      SELECT banner_tag, row_number() OVER (ORDER BY ${first} DESC, sum(total) DESC, banner_tag) AS place FROM event_summary
      WHERE project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} AND banner_tag <> '' GROUP BY banner_tag)
    SELECT json_group_array(banner_tag) FILTER (WHERE place <= ${MOST_TAGS}) AS tags,
      count(*) FILTER (WHERE place > ${MOST_TAGS}) AS left_out FROM tags`);
  return found ?? { tags: "[]", left_out: 0 };
}

/** Events by type and watched tag, and first deposits by tag: a row each, with its days. All other tags are as one: `''`. */
async function countedIn(db: Database, project_id: string, { from, to }: Period, tags: string): Promise<Counted[]> {
  const watched = watchedTag(tags);
  const window = JSON.stringify(Array.from({ length: daysBetween(from, to) }, (_, day) => addDays(from, day)));
  const rows = await db.all<Omit<Counted, "totals"> & { totals: string }>(sql`
    SELECT event_type, banner_tag, json_group_object(event_date, total) AS totals FROM (
      SELECT event_type, ${watched} AS banner_tag, event_date, sum(total) AS total FROM event_summary
      WHERE project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} GROUP BY 1, 2, 3)
    GROUP BY event_type, banner_tag
    UNION ALL
    SELECT ${FIRST_DEPOSIT}, banner_tag, json_group_object(event_date, people) FROM (
      SELECT ${watched} AS banner_tag, f.event_date, sum(f.people) AS people FROM json_each(${window}) d CROSS JOIN funnel f
      ON f.project_id = ${project_id} AND f.anchor = 'event' AND f.event_date = d.value
        AND f.step = ${FUNNEL_STEPS.indexOf("deposit")}
      GROUP BY 1, 2)
    GROUP BY banner_tag`);
  return rows.map((one) => ({ ...one, totals: JSON.parse(one.totals) }));
}

/** The newest first; of a day the worst, then what concerns all, then what strayed furthest. */
const inOrder = (a: Anomaly, b: Anomaly) =>
  b.day - a.day ||
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  Number(a.banner_tag !== null) - Number(b.banner_tag !== null) ||
  Math.abs(b.distance) - Math.abs(a.distance);

const rounded = (figure: number, conversion: boolean) => Number(figure.toFixed(conversion ? 4 : 1));

export const anomalies = report({
  id: "getAnomalies",
  path: "/anomalies",
  summary: "Days on which a tag's volume or conversion left its expected band",
  description:
    "Silence included. The band comes from the nine weeks before the day. " +
    `At most ${MOST_DAYS} days at once; a day that is not over is judged by what should have come so far.`,
  role: "viewer",
  query,
  answer,
  holds: "The newest first, of a day the most severe.",
  // What has not come by now may have by then.
  reads: "now",
  async read({ db, project: { project_id, timezone }, period, tags, now }) {
    if (daysBetween(period.from, period.to) > MOST_DAYS)
      throw Problem.of("from", `from must not be more than ${MOST_DAYS} days before to`);
    const { date: today, hour } = localTime(timezone, now);
    const window = { from: addDays(period.from, -BEFORE), to: period.to < today ? period.to : today };
    const ongoing = window.to === today;
    const { tags: watching, left_out } = await watchedTags(db, project_id, window, tags);
    const [counted, soFar] = await Promise.all([
      countedIn(db, project_id, window, watching),
      ongoing ? daySoFar(db, project_id, today, hour, watching) : null,
    ]);
    const series = seriesOf(counted, window, soFar);
    const last = daysBetween(window.from, window.to) - 1;
    const { anomalies: found, watched } = anomaliesIn(series, BEFORE, ongoing ? last : last + 1);
    const shown = (one: { banner_tag: string | null }) =>
      tags === null || (one.banner_tag !== null && tags.includes(one.banner_tag));
    const rows = found
      .filter(shown)
      .sort(inOrder)
      .map((anomaly) => {
        const { day, banner_tag, measure, kind, severity, days } = anomaly;
        const event_date = addDays(window.from, day);
        const complete = event_date < today;
        const figure = (value: number) => rounded(value, kind.startsWith("conversion"));
        return {
          event_date,
          banner_tag,
          measure,
          kind,
          severity,
          days,
          complete,
          value: figure(anomaly.value),
          expected: figure(anomaly.expected),
          expected_low: figure(anomaly.expected_low),
          expected_high: figure(anomaly.expected_high),
          message: sentenceOf(anomaly, event_date, complete ? null : hour),
        };
      });
    const body = {
      project_id,
      timezone,
      ...period,
      tags_left_out: left_out,
      watched: watched.at(-1)?.filter(shown).length ?? 0,
      rows,
    };
    return { body, columns: Object.keys(row.shape), rows };
  },
});
