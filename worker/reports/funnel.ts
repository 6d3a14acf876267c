/**
 * Visit → registration → first deposit → repeat deposit, over all history. By `visit_date`, the people whose first
 * visit lies in the period, and what became of them since; by `event_date`, who took each step in the period.
 * A step counts only behind the one before it.
 */
import { type SQL, sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { ofProject, visibleTags } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { type Database, openDatabase } from "../schema.ts";
import { dated, onlyTags, type Period, peopleWho, periodOf, tag } from "./period.ts";
import { table } from "./table.ts";

/** The steps, by their milestone in `players`, and the type of the event that reaches it. */
const STEPS = [
  { event_type: "visit", milestone: "visit", reachedBy: "visit" },
  { event_type: "registration", milestone: "registration", reachedBy: "registration" },
  { event_type: "first_deposit", milestone: "deposit", reachedBy: "deposit" },
  { event_type: "repeat_deposit", milestone: "second_deposit", reachedBy: "deposit" },
] as const;
type Step = (typeof STEPS)[number];

export const funnelQuery = z.strictObject({
  ...dated,
  banner_tag: tag.optional(),
  group_by: z.enum(["banner_tag"], "must be banner_tag").optional(),
  by: z.enum(["visit_date", "event_date"], "must be visit_date or event_date").optional(),
});
type By = "visit_date" | "event_date";

export type FunnelStep = {
  event_type: (typeof STEPS)[number]["event_type"];
  players: number;
  /** 0–1, or null where nobody was there before; by `event_date` it can be more than 1. */
  rate_from_previous: number | null;
  rate_from_first: number | null;
  median_seconds_from_previous: number | null;
};
export type FunnelGroup = { banner_tag: string | null; steps: FunnelStep[] };
export type Funnel = Period & {
  project_id: string;
  timezone: string;
  by: By;
  steps: FunnelStep[];
  /** With `group_by=banner_tag`: the same per tag, the largest first. */
  groups?: FunnelGroup[];
};

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

export const funnelRoutes = new Hono<App>().get("/funnel", parameters(funnelQuery), ofProject, async (c) => {
  const { project } = c.var;
  const asked = c.req.valid("query");
  const period = periodOf(project, asked, Date.now());
  const by = asked.by ?? "visit_date";
  const db = openDatabase(c.env.DB);
  const tags = visibleTags(c.var.principal, asked.banner_tag);
  const body: Funnel = {
    project_id: project.project_id,
    timezone: project.timezone,
    ...period,
    by,
    steps: stepsOf(await funnelRows(db, project.project_id, period, { by, tags, grouped: false })),
  };
  if (asked.group_by === undefined) return table(c, body, Object.keys(body.steps[0] as FunnelStep), body.steps);

  const rows = await funnelRows(db, project.project_id, period, { by, tags, grouped: true });
  body.groups = [...Map.groupBy(rows, (row) => row.banner_tag || null)]
    .map(([name, own]) => ({ banner_tag: name, steps: stepsOf(own) }))
    .sort(
      (a, b) =>
        (b.steps[0]?.players ?? 0) - (a.steps[0]?.players ?? 0) ||
        ((a.banner_tag ?? "") < (b.banner_tag ?? "") ? -1 : 1),
    );
  const flat = body.groups.flatMap(({ banner_tag: name, steps }) =>
    steps.map((step) => ({ banner_tag: name, ...step })),
  );
  return table(c, body, ["banner_tag", ...Object.keys(body.steps[0] as FunnelStep)], flat);
});
