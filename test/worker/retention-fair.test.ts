/** Retention of many projects, in invocations with their plan's budget: everything due is removed, of each class and project. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { at } from "../../worker/archive/columns.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { GROUPS, PROJECTIONS } from "../../worker/projections/index.ts";
import { retain } from "../../worker/retention/retain.ts";
import { metered } from "../../worker/store/budget.ts";
import type { Plan } from "../../worker/store/plan.ts";
import { archivedRows, emptyBucket } from "./bucket.ts";
import { runOnce } from "./duty.ts";
import { db, deliver, keepToTables, settle, storedEvent } from "./log.ts";
import { lose } from "./loss.ts";

// It looks into the tables.
beforeAll(keepToTables);

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 8, 1, 12);
const OLD = NOW - 100 * DAY;
const RETENTION = '{"events_days":33,"figures_days":40,"archive_days":40,"purchases_days":50}';

const named = (n: number) => `project-${String(n).padStart(3, "0")}`;

/** This number of projects, each with an old visit and deposit, and a visit that must stay. */
async function populate(many: number): Promise<void> {
  await emptyBucket();
  await lose();
  await env.DB.prepare(
    `INSERT INTO projects (project_id, name, timezone, currency, attribution_days, created_at, retention)
      SELECT value, value, 'UTC', 'USD', 1, 0, ? FROM json_each(?)`,
  )
    .bind(RETENTION, JSON.stringify(Array.from({ length: many }, (_, n) => named(n))))
    .run();
  const events = Array.from({ length: many }, (_, n) => {
    const event = (event_type: string, timestamp: number, more = {}) =>
      storedEvent({ project_id: named(n), event_type, player_id: "p", timestamp, received_at: OLD, ...more });
    const paid = { amount: 10_000, currency: "EUR" };
    return [event("visit", OLD), event("deposit", OLD, paid), event("visit", NOW - DAY)];
  }).flat();
  await taken(events);
}

/** Appends events to the log, the tables and the archive; without live counters, an object for each project. */
async function taken(events: StoredEvent[]): Promise<void> {
  await deliver([{ events }]);
  await settle(PROJECTIONS.filter((projection) => !GROUPS.live.projections.some((live) => live === projection)));
  await env.DB.prepare(
    `INSERT INTO projections (name, cursor) SELECT 'live', max(seq) FROM events WHERE true
      ON CONFLICT DO UPDATE SET cursor = excluded.cursor`,
  ).run();
}

const count = async (query: string) => (await env.DB.prepare(query).first<number>("n")) ?? 0;
const TODAY = "event_date >= '2026-08-01'";
/** The rows left of the old days, and the rows left of those that must stay. */
const left = async () => {
  const archived = (await archivedRows()).map((row) => String(row[at("event_date")]) >= "2026-08-01");
  return {
    old: {
      events: await count(`SELECT count(*) AS n FROM events WHERE NOT ${TODAY}`),
      figures: await count(`SELECT count(*) AS n FROM activity WHERE NOT ${TODAY}`),
      archived: archived.filter((stays) => !stays).length,
    },
    kept: {
      events: await count(`SELECT count(*) AS n FROM events WHERE ${TODAY}`),
      figures: await count(`SELECT count(*) AS n FROM activity WHERE ${TODAY}`),
      archived: archived.filter((stays) => stays).length,
    },
  };
};
const nothing = { events: 0, figures: 0, archived: 0 };
const all = (many: number) => ({ events: many, figures: many, archived: many });

/** Runs invocations until there is no more to do; returns their number. */
async function invocations(plan: Plan, most: number): Promise<number> {
  const bindings = { ...env, PLAN: plan } as Env;
  for (let times = 1; times <= most; times++)
    if ((await runOnce("retention", bindings, NOW)).progress !== "more") return times;
  return Number.POSITIVE_INFINITY;
}

describe("retention", () => {
  it.each([
    [3, "free"],
    [7, "free"],
    [19, "free"],
    [21, "free"],
    [3, "paid"],
    [21, "paid"],
    [500, "paid"],
  ] as const)(
    "of %i projects removes everything that has become due, with the budget of the %s plan",
    async (many, plan) => {
      await populate(many);
      expect(await left()).toMatchObject({ kept: all(many) });
      // Days are settled for each project; the other work is for all projects together.
      const most = plan === "free" ? many + 30 : many / 50 + 5;
      expect(await invocations(plan, most)).toBeLessThanOrEqual(most);
      expect(await left()).toEqual({ old: nothing, kept: all(many) });
    },
  );

  describe("when an invocation has room for only one step", () => {
    beforeEach(() => populate(8));
    const one = () => {
      let steps = 1;
      return retain(env, db, NOW, () => steps-- > 0);
    };

    it("gives each class of work its turn", async () => {
      const served: string[] = [];
      for (let run = 0; run < 8; run++) {
        const before = await env.DB.prepare("SELECT class, place FROM retention_places").raw();
        await one();
        const known = new Map(before.map(([name, place]) => [name, place]));
        const after = await env.DB.prepare("SELECT class, place FROM retention_places").raw();
        served.push(
          ...after
            .filter(([name, place]) => name !== "turn" && known.get(name) !== place)
            .map(([name]) => String(name)),
        );
      }
      expect(new Set(served)).toEqual(new Set(["settled", "events", "figures", "archive"]));
    });

    it("serves every project once before any a second time, and continues where it stopped", async () => {
      // A second day that is due.
      const more = Array.from({ length: 8 }, (_, n) =>
        storedEvent({
          project_id: named(n),
          event_type: "visit",
          player_id: "p",
          timestamp: OLD + DAY,
          received_at: OLD,
        }),
      );
      await taken(more);
      /** How many days of each project are still to be settled. */
      const days = async () =>
        (
          await env.DB.prepare(`SELECT count(c.event_date) FROM projects p LEFT JOIN changes c
            ON c.project_id = p.project_id AND c.event_date >= p.settled_before AND c.event_date < '2026-07-01'
            WHERE p.retention <> '{}' GROUP BY p.project_id`).raw()
        )
          .flat()
          .map(Number);
      let spread = 0;
      // A run detects the end of a class in its next step.
      for (let run = 0; run < 120; run++) {
        await one();
        const left = await days();
        spread = Math.max(spread, Math.max(...left) - Math.min(...left));
      }
      expect(spread).toBe(1);
      expect(await left()).toEqual({ old: nothing, kept: all(8) });
    });
  });

  it("looks for what is due with the same few queries, however many projects there are", async () => {
    const looks: number[] = [];
    for (const many of [3, 30]) {
      await populate(many);
      while ((await runOnce("retention", env, NOW)).progress === "more");
      const { env: bindings, budget } = metered(env, "looking");
      await retain(bindings, db, NOW, () => true);
      looks.push(budget.queries);
      const { budget: quiet } = await runOnce("retention", env, NOW);
      looks.push(quiet.queries);
    }
    expect(looks.slice(0, 2)).toEqual(looks.slice(2));
    expect(Math.max(...looks)).toBeLessThan(10);
  });

  it("waits, and says so, while a restore is under way", async () => {
    await populate(1);
    await env.DB.prepare(
      "INSERT INTO restores (id, phase, base, done_key, groups_done, files_done, rows_done, began_at) VALUES (1, 'events', 9, '', 0, 0, 0, 0)",
    ).run();
    expect(await retain(env, db, NOW, () => true)).toMatchObject({
      waiting: ["settled", "events", "figures", "archive"],
    });
    expect(await left()).toMatchObject({ old: { events: 2, archived: 2 } });
  });

  it("of one class continues while another one fails", async () => {
    await populate(1);
    const failing = new Proxy(env.ARCHIVE, {
      get: (real, name) => {
        const value = Reflect.get(real, name);
        if (name === "get") return async () => Promise.reject(new Error("the bucket went away"));
        return typeof value === "function" ? value.bind(real) : value;
      },
    });
    await expect(retain({ ...env, ARCHIVE: failing }, db, NOW, () => true)).rejects.toThrow("the bucket went away");
    expect(await count("SELECT count(*) AS n FROM events WHERE event_date < '2026-08-01'")).toBe(0);
    expect(await count("SELECT count(*) AS n FROM activity WHERE event_date < '2026-08-01'")).toBe(0);
  });
});
