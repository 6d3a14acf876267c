/**
 * Visit → registration → first deposit → repeat deposit, over all history. By `visit_date`, the people whose first
 * visit lies in the period, and what became of them since; by `event_date`, who took each step in the period.
 * A step counts only behind the one before it.
 */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import type { Database } from "../schema.ts";
import { days, maybe, named, rate, whole } from "./answer.ts";
import { dated, onlyTags, type Period, peopleWho, tag } from "./period.ts";
import { report } from "./report.ts";

/** The steps, by their milestone in `players`, and the type of the event that reaches it. */
const STEPS = [
  { event_type: "visit", milestone: "visit", reachedBy: "visit" },
  { event_type: "registration", milestone: "registration", reachedBy: "registration" },
  { event_type: "first_deposit", milestone: "deposit", reachedBy: "deposit" },
  { event_type: "repeat_deposit", milestone: "second_deposit", reachedBy: "deposit" },
] as const;
type Step = (typeof STEPS)[number];

const query = z.strictObject({
  ...dated,
  banner_tag: tag.optional(),
  group_by: z.enum(["banner_tag"], "must be banner_tag").optional(),
  by: z.enum(["visit_date", "event_date"], "must be visit_date or event_date").optional(),
});
type By = "visit_date" | "event_date";

const funnelStep = z
  .object({
    event_type: z.enum(STEPS.map(({ event_type }) => event_type)),
    players: whole,
    rate_from_previous: rate.describe("By `event_date` it can be more than 1."),
    rate_from_first: rate,
    median_seconds_from_previous: rate,
  })
  .meta({ id: "FunnelStep" });
export type FunnelStep = z.output<typeof funnelStep>;

const answer = z
  .object({
    ...named,
    ...days,
    by: z.enum(["visit_date", "event_date"]),
    steps: z.array(funnelStep),
    groups: z
      .array(z.object({ banner_tag: maybe, steps: z.array(funnelStep) }))
      .exactOptional()
      .describe("With `group_by=banner_tag`: the same per tag, the largest first."),
  })
  .meta({ id: "Funnel" });
export type Funnel = z.output<typeof answer>;

type StepRow = { banner_tag: string | null; step: number; players: number; median: number | null };

const column = ({ milestone }: Step, part: "at" | "date" | "tag") => sql.raw(`p.${milestone}_${part}`);

/** The people who reached a step in the period. */
function reachedIn(step: Step, project_id: string, period: Period): SQL {
  return sql`SELECT p.* FROM (${peopleWho(step.reachedBy, project_id, period)}) w
    JOIN players p ON p.project_id = ${project_id} AND p.person = w.person
    WHERE ${column(step, "date")} BETWEEN ${period.from} AND ${period.to}`;
}

/** Everyone of a step, with its tag and the milliseconds since the step before. */
function members(steps: readonly Step[], anchor: Step, people: SQL): SQL {
  const step = steps.at(-1) as Step;
  const before = steps.at(-2);
  const elapsed = before ? sql`${column(step, "at")} - ${column(before, "at")}` : sql`NULL`;
  return sql`SELECT ${STEPS.indexOf(step)} AS step, ${column(anchor, "tag")} AS banner_tag,
    CASE WHEN ${elapsed} >= 0 THEN ${elapsed} END AS elapsed FROM (${people}) p`;
}

/** By visit date, all steps of those who first visited in the period, each behind the one before it. */
function byVisitDate(project_id: string, period: Period): { cohort: SQL; reached: SQL[] } {
  const reached = STEPS.map((_, index) => {
    const steps = STEPS.slice(0, index + 1);
    const inOrder = steps
      .slice(1)
      .map((step, before) => sql`AND ${column(step, "at")} >= ${column(steps[before] as Step, "at")}`);
    return members(steps, STEPS[0], sql`SELECT * FROM cohort p WHERE true ${sql.join(inOrder, sql` `)}`);
  });
  return { cohort: reachedIn(STEPS[0], project_id, period), reached };
}

/** By event date, whoever took the step in the period. */
function byEventDate(project_id: string, period: Period): { cohort: SQL; reached: SQL[] } {
  const reached = STEPS.map((step, index) =>
    members(STEPS.slice(0, index + 1), step, reachedIn(step, project_id, period)),
  );
  return { cohort: sql`SELECT NULL`, reached };
}

async function funnelRows(
  db: Database,
  project_id: string,
  period: Period,
  asked: { by: By; tags: string[] | null; grouped: boolean },
): Promise<StepRow[]> {
  const group = asked.grouped ? sql`banner_tag` : sql`NULL`;
  const { cohort, reached } = (asked.by === "visit_date" ? byVisitDate : byEventDate)(project_id, period);
  return db.all<StepRow>(sql`
    WITH cohort AS MATERIALIZED (${cohort}), reached AS (${sql.join(reached, sql` UNION ALL `)}),
    chosen AS (SELECT step, ${group} AS banner_tag, elapsed FROM reached
      WHERE true ${onlyTags(sql`banner_tag`, asked.tags)}),
    ordered AS (SELECT *, row_number() OVER steps AS nth, count(elapsed) OVER (PARTITION BY banner_tag, step) AS timed
      FROM chosen WINDOW steps AS (PARTITION BY banner_tag, step ORDER BY elapsed IS NULL, elapsed))
    SELECT banner_tag, step, count(*) AS players,
      avg(CASE WHEN elapsed IS NOT NULL AND nth IN ((timed + 1) / 2, (timed + 2) / 2) THEN elapsed END) / 1000.0 AS median
    FROM ordered GROUP BY banner_tag, step ORDER BY banner_tag, step`);
}

function stepsOf(rows: StepRow[]): FunnelStep[] {
  const players = STEPS.map((_, step) => rows.find((row) => row.step === step)?.players ?? 0);
  const rate = (part: number, whole: number | undefined) => (whole ? part / whole : null);
  return STEPS.map(({ event_type }, step) => ({
    event_type,
    players: players[step] as number,
    rate_from_previous: step === 0 ? null : rate(players[step] as number, players[step - 1]),
    rate_from_first: step === 0 ? null : rate(players[step] as number, players[0]),
    median_seconds_from_previous: rows.find((row) => row.step === step)?.median ?? null,
  }));
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
  async read({ db, project: { project_id, timezone }, period, tags, query: { by = "visit_date", group_by } }) {
    const steps = stepsOf(await funnelRows(db, project_id, period, { by, tags, grouped: false }));
    const body: Funnel = { project_id, timezone, ...period, by, steps };
    const columns = Object.keys(funnelStep.shape);
    if (group_by === undefined) return { body, columns, rows: steps };

    const rows = await funnelRows(db, project_id, period, { by, tags, grouped: true });
    body.groups = [...Map.groupBy(rows, (row) => row.banner_tag || null)]
      .map(([name, own]) => ({ banner_tag: name, steps: stepsOf(own) }))
      .sort(
        (a, b) =>
          (b.steps[0]?.players ?? 0) - (a.steps[0]?.players ?? 0) ||
          ((a.banner_tag ?? "") < (b.banner_tag ?? "") ? -1 : 1),
      );
    const flat = body.groups.flatMap(({ banner_tag, steps: own }) => own.map((step) => ({ banner_tag, ...step })));
    return { body, columns: ["banner_tag", ...columns], rows: flat };
  },
});
