/** The figures of an existing log: they count it in slices, and report their progress. */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { figuresFrom, figuresProgress } from "../../worker/projections/figures-progress.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { projectionHealth } from "../../worker/reports/health.ts";
import { PLANS, type Plan } from "../../worker/store/plan.ts";
import { runDuty } from "./duty.ts";
import { readDays } from "./figures-read.ts";
import { unwoken } from "./gate.ts";
import { createProject, db, settle, TABLES } from "./log.ts";

const HOUR_MS = 3_600_000;
const NOW = Date.parse("2026-11-20T12:10:00Z");
/** Not as on a developer's machine, where no daily limit applies. */
const on = (PLAN: Plan): Env => ({ ...unwoken, PLAN, LOCAL: "" });

const appendOld = (project_id: string, many: number) =>
  env.DB.prepare(
    `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ${many})
     INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date, event_hour)
     SELECT '${project_id}', hex(randomblob(8)), 'spin', 'player-' || (n % 40), ${NOW - 90 * 24 * HOUR_MS} + n,
       ${NOW - 90 * 24 * HOUR_MS}, '2026-08-22', 12 FROM n`,
  ).run();

const at = (now: number) => vi.useFakeTimers({ toFake: ["Date"], now });
const cursor = async () => (await figuresProgress(db)).cursor;
const statusOf = async (plan: Plan) => (await projectionHealth(on(plan), db, Date.now())).figures?.status;
const spins = async (project_id: string) =>
  (await readDays(project_id))[JSON.stringify(["counts", "\u001fall", "2026-08-22", "spin"])];

beforeAll(async () => {
  for (const project_id of ["old", "settled"]) await createProject(project_id);
  await env.DB.prepare("UPDATE projects SET settled_before = '2026-08-01' WHERE project_id = 'settled'").run();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("figures that are added to an existing log", () => {
  it("are complete if the log is empty", async () => {
    expect(await figuresProgress(db)).toEqual({ whole: true, cursor: 0, head: 0 });
  });

  it("count a part of it each hour on the free plan, in steps that fit an invocation, without failing the health", async () => {
    at(NOW);
    await appendOld("old", 3_200);
    await settle(TABLES);
    expect(await figuresProgress(db)).toEqual({ whole: false, cursor: 0, head: 3_200 });
    expect(await statusOf("free")).toBe("counting");
    const budgets = await runDuty("figures", on("free"));
    expect(await cursor()).toBe(1_500);
    for (const { queries } of budgets) expect(queries).toBeLessThanOrEqual(PLANS.free.queries);
    // Each step has a separate invocation, with ten milliseconds of processor time.
    expect(budgets.length).toBeGreaterThanOrEqual(15);
    // Woken again in the same hour, it does nothing.
    at(NOW + 40 * 60_000);
    await runDuty("figures", on("free"));
    expect([await cursor(), await statusOf("free")]).toEqual([1_500, "counting"]);
    at(NOW + HOUR_MS);
    await runDuty("figures", on("free"));
    expect([await cursor(), await statusOf("free")]).toEqual([3_000, "counting"]);
    expect(await figuresProgress(db)).toEqual({ whole: false, cursor: 3_000, head: 3_200 });
    // It should have continued by now.
    at(NOW + 3 * HOUR_MS);
    expect(await statusOf("free")).toBe("behind");
    await runDuty("figures", on("free"));
    expect([await figuresProgress(db), await statusOf("free")]).toEqual([
      { whole: true, cursor: 3_200, head: 3_200 },
      "ok",
    ]);
    expect(await spins("old")).toEqual([40, 3_200]);
  });

  it("count all new events once they are complete", async () => {
    at(NOW + 3 * HOUR_MS);
    await appendOld("old", 1_800);
    await runDuty("figures", on("free"));
    expect(await figuresProgress(db)).toEqual({ whole: true, cursor: 5_000, head: 5_000 });
    expect(await spins("old")).toEqual([40, 5_000]);
  });

  it("know the first complete day of a project whose older events had been removed", async () => {
    expect(await figuresFrom(db, "settled")).toBe("2026-08-01");
    expect(await figuresFrom(db, "old")).toBeNull();
    // Days that are settled later were already counted.
    await env.DB.prepare("UPDATE projects SET settled_before = '2026-08-10' WHERE project_id = 'old'").run();
    await appendOld("old", 1);
    await runDuty("figures", on("free"));
    expect([await figuresFrom(db, "settled"), await figuresFrom(db, "old")]).toEqual(["2026-08-01", null]);
    await env.DB.prepare("UPDATE projects SET settled_before = ''").run();
  });

  it("begin again with a rebuild, and count everything at once if reports wait for them, on either plan", async () => {
    at(NOW + 4 * HOUR_MS);
    // The tables answer for both projects, as if the figures had not counted their logs.
    await env.DB.prepare("UPDATE projects SET by_days = 0").run();
    await rebuild(env, db, PROJECTIONS, "figures");
    await runDuty("figures", on("free"));
    expect(await figuresProgress(db)).toEqual({ whole: false, cursor: 1_500, head: 5_001 });
    // A report waits, in the same hour.
    await env.DB.prepare("UPDATE projects SET by_days = 1 WHERE project_id = 'old'").run();
    const free = await runDuty("figures", on("free"));
    expect(await figuresProgress(db)).toEqual({ whole: true, cursor: 5_001, head: 5_001 });
    for (const { queries } of free) expect(queries).toBeLessThanOrEqual(PLANS.free.queries);
    at(NOW + 5 * HOUR_MS);
    expect(await rebuild(env, db, PROJECTIONS, "figures")).toEqual(["figures"]);
    expect(await figuresProgress(db)).toEqual({ whole: false, cursor: 0, head: 5_001 });
    expect([await spins("old"), await figuresFrom(db, "settled")]).toEqual([undefined, null]);
    const budgets = await runDuty("figures", on("paid"));
    expect(await figuresProgress(db)).toEqual({ whole: true, cursor: 5_001, head: 5_001 });
    expect(await spins("old")).toEqual([40, 5_001]);
    for (const { queries } of budgets) expect(queries).toBeLessThanOrEqual(PLANS.paid.queries);
  });
});
