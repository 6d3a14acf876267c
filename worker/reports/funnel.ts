/**
 * Visit → registration → first deposit → repeat deposit, over all history. By `visit_date`: the people whose first visit is
 * in the period, and the steps that they took since. By `event_date`: the people who took each step in the period. A step
 * counts only after the step before it.
 */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { tagFilter } from "../http/tag-filter.ts";
import type { Database } from "../store/database.ts";
import { days, maybe, named, rate, whole } from "./answer.ts";
import { type Elapsed, stepsOfDays } from "./days/funnel.ts";
import type { DaysScope } from "./days/scope.ts";
import { fieldFilter } from "./field-filter.ts";
import { dated, onlyTags, type Period } from "./period.ts";
import { report } from "./report.ts";

/** The steps, in the order of `FUNNEL_STEPS`. */
export const STEPS = ["visit", "registration", "first_deposit", "repeat_deposit"] as const;

/** The most groups of an answer in JSON; CSV and NDJSON have all. */
const MOST_GROUPS = 1_000;

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
/** In seconds; longer times are one further bucket. */
const BUCKETS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY, null] as const;

const query = z.strictObject({
  ...dated,
  ...tagFilter,
  ...fieldFilter,
  group_by: z.enum(["banner_tag"], "must be banner_tag").optional(),
  by: z.enum(["visit_date", "event_date"], "must be visit_date or event_date").optional(),
});
type By = "visit_date" | "event_date";

const funnelStep = z
  .object({
    event_type: z.enum(STEPS),
    players: whole,
    rate_from_previous: rate.describe("By `event_date` it can be more than 1."),
    rate_from_first: rate,
    median_seconds_from_previous: rate,
  })
  .meta({ id: "FunnelStep" });
const time = z.object({
  seconds_up_to: z.int().nullable().describe("And longer than the row before; null is any longer time."),
  players: whole.describe("Those who took so long since the step before."),
});
const timedStep = funnelStep
  .extend({ times_from_previous: z.array(time).describe("All buckets; of the first step there are none.") })
  .meta({ id: "TimedFunnelStep" });
export type FunnelStep = z.output<typeof funnelStep>;
export type TimedFunnelStep = z.output<typeof timedStep>;

const answer = z
  .object({
    ...named,
    ...days,
    by: z.enum(["visit_date", "event_date"]),
    steps: z.array(timedStep),
    groups: z
      .array(z.object({ banner_tag: maybe, steps: z.array(funnelStep) }))
      .exactOptional()
      .describe(`With \`group_by=banner_tag\`: the same per tag, the largest first, ${MOST_GROUPS} at most.`),
    groups_left_out: whole.exactOptional().describe("Further tags: CSV and NDJSON have them."),
  })
  .meta({ id: "Funnel" });
export type Funnel = z.output<typeof answer>;

type StepRow = {
  banner_tag: string | null;
  step: number;
  players: number;
  median: number | null;
  /** People of each bucket. */
  times: number[];
};

/** People by how long it took them. Literals, because D1 does not allow so many parameters. */
const BY_TIME = sql.raw(
  BUCKETS.map((upTo, index) => {
    const longerThan = BUCKETS[index - 1];
    const conditions = [
      longerThan ? `elapsed > ${longerThan * 1_000}` : "elapsed >= 0",
      ...(upTo === null ? [] : [`elapsed <= ${upTo * 1_000}`]),
    ];
    return `sum(people) FILTER (WHERE ${conditions.join(" AND ")}) AS time_${index}`;
  }).join(", "),
);
const TIMES = sql.raw(`json_array(${BUCKETS.map((_, index) => `ifnull(sum(time_${index}), 0)`).join(", ")})`);

/** From the tables: the people of each step, and the median time since the step before. */
async function fromTables(
  db: Database,
  project_id: string,
  { from, to }: Period,
  asked: { by: By; tags: string[] | null; grouped: boolean },
): Promise<StepRow[]> {
  const group = asked.grouped ? sql`banner_tag` : sql`NULL`;
  const anchor = asked.by === "visit_date" ? "visit" : "event";
  const within = sql`project_id = ${project_id} AND anchor = ${anchor} AND event_date BETWEEN ${from} AND ${to} AND people > 0
    ${onlyTags(sql`banner_tag`, asked.tags)}`;
  // Summed in the order of the table, then sorted once by time for the medians.
  const rows = await db.all<Omit<StepRow, "times"> & { times: string }>(sql`
    WITH daily AS (
      SELECT ${group} AS banner_tag, step, sum(people) AS people, sum(people) FILTER (WHERE elapsed >= 0) AS timed,
        ${BY_TIME}
      FROM funnel f WHERE ${within} GROUP BY event_date, step, f.banner_tag
    ), counted AS MATERIALIZED (
      SELECT banner_tag, step, sum(people) AS players, sum(timed) AS timed, ${TIMES} AS times
      FROM daily GROUP BY 1, 2
    ), ranked AS (
      SELECT ${group} AS banner_tag, step, elapsed, people,
        sum(people) OVER (PARTITION BY ${group}, step ORDER BY elapsed ROWS UNBOUNDED PRECEDING) AS upto
      FROM funnel WHERE ${within} AND elapsed >= 0
    ), medians AS (
      SELECT r.banner_tag, r.step, (min(elapsed) FILTER (WHERE upto >= (timed + 1) / 2)
        + min(elapsed) FILTER (WHERE upto >= (timed + 2) / 2)) / 2000.0 AS median
      FROM ranked r CROSS JOIN counted c ON c.banner_tag IS r.banner_tag AND c.step = r.step
      WHERE upto >= (timed + 1) / 2 AND upto - r.people < (timed + 2) / 2 GROUP BY 1, 2
    )
    SELECT c.banner_tag, c.step, c.players, m.median, c.times
    FROM counted c LEFT JOIN medians m ON m.banner_tag IS c.banner_tag AND m.step = c.step
    ORDER BY c.banner_tag, c.step`);
  return rows.map((row) => ({ ...row, times: JSON.parse(row.times) }));
}

/** How many took longer than the bound of the bucket before, and no longer than the bound of this one. */
const inBuckets = (times: readonly Elapsed[]): number[] =>
  BUCKETS.map((upTo, index) => {
    const longerThan = BUCKETS[index - 1];
    return times
      .filter(
        ({ elapsed }) => (!longerThan || elapsed > longerThan * 1_000) && (upTo === null || elapsed <= upTo * 1_000),
      )
      .reduce((sum, { people }) => sum + people, 0);
  });

/** For an even number, the middle between the two in the middle. `times` are sorted. */
function medianSeconds(times: readonly Elapsed[]): number | null {
  const timed = times.reduce((sum, { people }) => sum + people, 0);
  if (timed === 0) return null;
  const nth = (place: number) => {
    let left = place;
    for (const { elapsed, people } of times) {
      left -= people;
      if (left <= 0) return elapsed;
    }
    return 0;
  };
  return (nth(Math.floor((timed + 1) / 2)) + nth(Math.floor((timed + 2) / 2))) / 2_000;
}

/** The same from rows of days. */
async function fromDays(
  db: Database,
  days: DaysScope,
  period: Period,
  asked: { by: By; grouped: boolean },
): Promise<StepRow[]> {
  const steps = await stepsOfDays(db.$client, days, period, asked);
  return steps.map(({ banner_tag, step, players, times }) => ({
    banner_tag,
    step,
    players,
    median: medianSeconds(times),
    times: inBuckets(times),
  }));
}

function stepsOf(rows: StepRow[]): FunnelStep[] {
  const players = STEPS.map((_, step) => rows.find((row) => row.step === step)?.players ?? 0);
  const rate = (part: number, whole: number | undefined) => (whole ? part / whole : null);
  return STEPS.map((event_type, step) => ({
    event_type,
    players: players[step] as number,
    rate_from_previous: step === 0 ? null : rate(players[step] as number, players[step - 1]),
    rate_from_first: step === 0 ? null : rate(players[step] as number, players[0]),
    median_seconds_from_previous: rows.find((row) => row.step === step)?.median ?? null,
  }));
}

function timesOf(rows: StepRow[], step: number): TimedFunnelStep["times_from_previous"] {
  if (step === 0) return [];
  const players = rows.find((row) => row.step === step)?.times ?? [];
  return BUCKETS.map((seconds_up_to, index) => ({ seconds_up_to, players: players[index] ?? 0 }));
}

export const funnel = report({
  id: "getFunnel",
  path: "/funnel",
  summary: "Visit → registration → first deposit → repeat deposit",
  description: "Over all history; a step counts only behind the one before it.",
  role: "viewer",
  query,
  answer,
  holds: "The steps, and with `group_by=banner_tag` those of each tag.",
  tries: ["group_by=banner_tag&by=event_date"],
  reads: "all",
  keptBy: () => [],
  tagsAddUp: true,
  async read({ db, project: { project_id, timezone }, period, tags, days, query: { by = "visit_date", group_by } }) {
    const taken = (grouped: boolean) =>
      days === null
        ? fromTables(db, project_id, period, { by, tags, grouped })
        : fromDays(db, days, period, { by, grouped });
    const all = await taken(false);
    const steps = stepsOf(all);
    const timed = steps.map((step, index) => ({ ...step, times_from_previous: timesOf(all, index) }));
    const body: Funnel = { project_id, timezone, ...period, by, steps: timed };
    const columns = Object.keys(funnelStep.shape);
    if (group_by === undefined) return { body, columns, rows: steps };

    const rows = await taken(true);
    const groups = [...Map.groupBy(rows, (row) => row.banner_tag || null)]
      .map(([name, rowsOfTag]) => ({ banner_tag: name, steps: stepsOf(rowsOfTag) }))
      .sort(
        (a, b) =>
          (b.steps[0]?.players ?? 0) - (a.steps[0]?.players ?? 0) ||
          ((a.banner_tag ?? "") < (b.banner_tag ?? "") ? -1 : 1),
      );
    body.groups = groups.slice(0, MOST_GROUPS);
    body.groups_left_out = Math.max(0, groups.length - MOST_GROUPS);
    const flat = groups.flatMap(({ banner_tag, steps: stepsOfTag }) =>
      stepsOfTag.map((step) => ({ banner_tag, ...step })),
    );
    return { body, columns: ["banner_tag", ...columns], rows: flat };
  },
});
