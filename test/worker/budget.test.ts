/** The budget of an invocation: every call is counted, and none beyond the limit is made. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Budget, BudgetSpent, budgetOf, metered, overruns } from "../../worker/store/budget.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { PLANS, planOf } from "../../worker/store/plan.ts";

const free: Env = { ...env, PLAN: "free" };
const asked = ({ queries, subrequests }: Budget) => ({ queries, subrequests });

describe("a budget", () => {
  it("counts each statement of D1, also those of a batch, as a query, and each call as a subrequest", async () => {
    const { env: own, budget } = metered(free, "test");
    const db = databaseOf(own);
    expect(await db.get(sql`SELECT 1 AS n`)).toEqual({ n: 1 });
    expect(await db.all(sql`SELECT ${"two"} AS n`)).toEqual([{ n: "two" }]);
    expect(await db.values(sql`SELECT 3`)).toEqual([[3]]);
    await db.run(sql`SELECT 4`);
    expect(await own.DB.prepare("SELECT ? AS n").bind(5).first("n")).toBe(5);
    expect(asked(budget)).toEqual({ queries: 5, subrequests: 5 });
    const results = await transact(db, [sql`SELECT 6 AS n`, sql`SELECT ${7} AS n`, sql`SELECT 8 AS n`]);
    expect(results.map((result) => result.results)).toEqual([[{ n: 6 }], [{ n: 7 }], [{ n: 8 }]]);
    expect(asked(budget)).toEqual({ queries: 8, subrequests: 6 });
  });

  it("counts calls of the bucket, Durable Objects, the queue and other servers", async () => {
    const { env: own, budget } = metered(free, "test");
    await own.ARCHIVE.put("budget", "text");
    expect(await (await own.ARCHIVE.get("budget"))?.text()).toBe("text");
    expect((await own.ARCHIVE.list({ prefix: "budget" })).objects).toHaveLength(1);
    await own.ARCHIVE.delete("budget");
    expect(await own.ARCHIVE.head("budget")).toBeNull();
    expect(asked(budget)).toEqual({ queries: 0, subrequests: 5 });
    expect(await own.LIVE.getByName("budget").ping()).toBe("pong");
    await own.EVENTS.send({ events: [], request_ids: [] });
    await own.EVENTS.sendBatch([]).catch(() => undefined);
    expect(asked(budget)).toEqual({ queries: 0, subrequests: 8 });
    await expect(budget.fetch("http://127.0.0.1:1/", {})).rejects.toThrow();
    expect(asked(budget)).toEqual({ queries: 0, subrequests: 9 });
  });

  it.each([
    ["an object", free],
    ["a proxy that passes on what is assigned", env],
  ])("leaves the rest of an environment that is %s unchanged, and keeps invocations apart", async (_, real) => {
    const [one, other] = [metered(real, "one"), metered(real, "other")];
    await one.env.DB.prepare("SELECT 1").run();
    expect([budgetOf(one.env).queries, budgetOf(other.env).queries]).toEqual([1, 0]);
    expect([one.env.ADMIN_TOKEN, one.env.LOG_LEVEL]).toEqual([env.ADMIN_TOKEN, env.LOG_LEVEL]);
    expect(one.env.DB).toBe(one.env.DB);
  });

  it("refuses pieces of work that do not fit into it, or whose time is over", () => {
    const budget = new Budget("test", { queries: 10, subrequests: 12 });
    budget.spend(4);
    expect([budget.left, budget.has(6), budget.has(7)]).toEqual([6, true, false]);
    for (let calls = 0; calls < 8; calls++) budget.spend(0);
    expect(budget.left).toBe(3);
    expect(new Budget("test", PLANS.paid, Date.now() - 1).has(1)).toBe(false);
  });

  it("is the free plan's, unless PLAN is `paid`", () => {
    const limits = (PLAN: string) => metered({ ...env, PLAN }, "test").budget.limits;
    expect(limits("paid")).toEqual({ queries: 1_000, subrequests: 10_000 });
    expect([limits("free"), limits(""), limits("Paid")]).toEqual(Array(3).fill({ queries: 50, subrequests: 50 }));
    expect(planOf({} as Env)).toBe("free");
  });
});

describe("an invocation that exceeds its budget", () => {
  beforeEach(() => {
    vi.spyOn(console, "error").mockReturnValue();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    // These overruns are intended.
    overruns.length = 0;
  });

  it("gets its calls refused, logs that once, and fails the test that is running", async () => {
    const { env: own, budget } = metered(free, "greedy");
    const db = databaseOf(own);
    await db.run(sql`CREATE TABLE greedy (n INTEGER)`);
    await transact(
      db,
      Array.from({ length: 48 }, (_, n) => sql`INSERT INTO greedy VALUES (${n})`),
    );
    const two = [sql`INSERT INTO greedy VALUES (48)`, sql`INSERT INTO greedy VALUES (49)`];
    const said = "This invocation (greedy) has made 49 D1 queries and 2 subrequests; its plan allows 50 and 50.";
    await expect(transact(db, two)).rejects.toThrow(new BudgetSpent(said));
    await expect(transact(db, two)).rejects.toThrow(said);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM greedy").first("n")).toBe(48);
    expect(console.error).toHaveBeenCalledOnce();
    expect(vi.mocked(console.error).mock.calls[0]?.[0]).toContain('"message":"budget spent","invocation":"greedy"');
    expect(overruns).toEqual(["greedy: 49 D1 queries, 2 subrequests"]);
    // A call that still fits is made.
    await db.run(sql`DROP TABLE greedy`);
    expect(budget.left).toBe(0);
  });
});
