/**
 * Duties with more to do than one invocation may ask for, on either plan: each ends complete, in several invocations, and
 * none of them goes over. Rows that only have to be many are made in the database itself.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Budget } from "../../worker/store/budget.ts";
import { PLANS, type Plan } from "../../worker/store/plan.ts";
import { runDuty } from "./duty.ts";
import { createProject } from "./log.ts";

const LONG = 280_000;
const NOW = Date.UTC(2026, 6, 1, 12);
const on = (plan: Plan): Env => ({ ...env, PLAN: plan });

/** What the largest of these invocations asked for; each was within its plan's limits. */
function worstOf(name: string, plan: Plan, budgets: readonly Budget[]) {
  const { limits } = budgets[0] as Budget;
  expect(limits).toEqual(PLANS[plan]);
  const queries = Math.max(...budgets.map((budget) => budget.queries));
  const subrequests = Math.max(...budgets.map((budget) => budget.subrequests));
  expect(queries).toBeLessThanOrEqual(limits.queries);
  expect(subrequests).toBeLessThanOrEqual(limits.subrequests);
  console.log(
    JSON.stringify({
      level: "info",
      message: "counted",
      name,
      plan,
      invocations: budgets.length,
      queries,
      subrequests,
    }),
  );
}

const count = async (query: string) => (await env.DB.prepare(query).first<number>("n")) ?? 0;

describe("projections far behind", () => {
  /** Events of a few people, by the hour of one day, as many as are wanted. */
  const append = (many: number) =>
    env.DB.prepare(
      `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ${many})
       INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
       SELECT 'behind', hex(randomblob(8)), 'spin', 'player-' || (n % 20), ${NOW} + n, ${NOW}, '2026-07-01', 12 FROM n`,
    ).run();

  beforeAll(() => createProject("behind"));

  it.each([
    ["free", 20_000],
    ["paid", 150_000],
  ] as const)("catch up on the %s plan", { timeout: LONG }, async (plan, events) => {
    const before = await count("SELECT max(seq) AS n FROM events");
    await append(events);
    const budgets = await runDuty("tables", on(plan));
    expect(budgets.length).toBeGreaterThan(1);
    worstOf("tables", plan, budgets);
    expect(await count("SELECT total AS n FROM daily_metrics WHERE project_id = 'behind'")).toBe(before + events);
    expect(await count("SELECT sum(total_events) AS n FROM players WHERE project_id = 'behind'")).toBe(before + events);
  });
});

describe("live counters of many projects", () => {
  it("are all told, some at a time", { timeout: LONG }, async () => {
    const projects = Array.from({ length: 120 }, (_, n) => `live-${n}`);
    await env.DB.prepare(
      `INSERT INTO projects (project_id, name, timezone, currency, attribution_days, created_at)
       SELECT value, value, 'UTC', 'EUR', 30, 0 FROM json_each(?)`,
    )
      .bind(JSON.stringify(projects))
      .run();
    const now = Date.now();
    await env.DB.prepare(
      `INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
       SELECT value, 'first', 'visit', 'p', ${now}, ${now}, '2026-07-01', 12 FROM json_each(?)`,
    )
      .bind(JSON.stringify(projects))
      .run();
    const budgets = await runDuty("live", on("free"));
    expect(budgets.length).toBeGreaterThan(2);
    worstOf("live", "free", budgets);
    for (const project_id of [projects[0], projects.at(-1)] as string[]) {
      const settings = { project_id, timezone: "UTC" };
      const { events } = await env.LIVE.getByName(project_id).snapshot(
        settings,
        { personal: true, banner_tags: null },
        now,
      );
      expect(events.map(({ event_id }) => event_id)).toEqual(["first"]);
    }
  });
});
