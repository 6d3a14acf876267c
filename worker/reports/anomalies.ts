/**
 * Days on which the volume or conversion of a tag, or of all tags together, was outside of the band that follows from the
 * weeks before. Days without events are included. The verdict on a day depends only on the days before it, and not on the
 * period of the request.
 */
import * as z from "zod";
import { addDays, daysBetween, localTime } from "../calendar.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { BEFORE } from "./anomalies/band.ts";
import { sentenceOf } from "./anomalies/sentence.ts";
import { seriesOf } from "./anomalies/series.ts";
import { MOST_TAGS, watchFromTables } from "./anomalies/sources.ts";
import { type Anomaly, anomaliesIn, KINDS, SEVERITIES } from "./anomalies/verdict.ts";
import { days, maybe, named, text, whole } from "./answer.ts";
import { watchFromDays } from "./days/anomalies.ts";
import { fieldFilter } from "./field-filter.ts";
import { dated } from "./period.ts";
import { report } from "./report.ts";

/** The longest period, in days. Each series takes a few milliseconds for it. */
const MOST_DAYS = 92;

const query = z.strictObject({ ...dated, ...tagFilter, ...fieldFilter });

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

/** The newest day first; of a day the worst first, then those of all tags, then those that are furthest from the band. */
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
  // An event that has not arrived by now may arrive by then.
  reads: "now",
  keptBy: () => [],
  ofAllTags: true,
  async read({ db, project: { project_id, timezone }, period, tags, days: scope, now }) {
    if (daysBetween(period.from, period.to) > MOST_DAYS)
      throw Problem.of("from", `from must not be more than ${MOST_DAYS} days before to`);
    const { date: today, hour } = localTime(timezone, now);
    const window = { from: addDays(period.from, -BEFORE), to: period.to < today ? period.to : today };
    const ongoing = window.to === today;
    const watch = { ...window, hour: ongoing ? hour : null };
    const { counted, soFar, left_out } = await (scope === null
      ? watchFromTables(db, project_id, watch, tags)
      : watchFromDays(db.$client, scope, watch, tags));
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
