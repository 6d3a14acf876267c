/**
 * Queries that read a piece of the log read only that piece, and not all events of a project: SQLite prefers an index that
 * finds the project. A run would then cost more the older a project is.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { beginBotReview, botReviews } from "../../worker/collect/bot-review.ts";
import { append } from "../../worker/event-log/append.ts";
import { backfill } from "../../worker/payouts/backfill.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { driftOf } from "../../worker/registry/drift.ts";
import { valueIn } from "../../worker/reports/traffic/dimension.ts";
import { readTraffic } from "../../worker/reports/traffic/log.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { answerOf } from "./api.ts";
import { unwoken } from "./gate.ts";
import { createProject, db, settle, storedEvent } from "./log.ts";
import { runAll } from "./pair.ts";

const PROJECT = "pieces";
const JUNE = Date.parse("2026-06-10T12:00:00Z");

/** The environment, and the query plans of all statements that ran in it. */
function explained(): { bindings: Env; plans(): Promise<string[]> } {
  const asked: D1PreparedStatement[] = [];
  const explain = (text: string) => env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`);
  const prepare = (text: string): D1PreparedStatement => {
    const real = env.DB.prepare(text);
    if (!text.includes("?")) asked.push(explain(text));
    return new Proxy(real, {
      get(target, name) {
        if (name === "bind")
          return (...values: unknown[]) => {
            asked.push(explain(text).bind(...values));
            return target.bind(...values);
          };
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === "prepare") return prepare;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return {
    bindings: { ...unwoken, DB },
    plans: async () =>
      (await env.DB.batch<{ detail: string }>(asked)).flatMap(({ results }) => results.map(({ detail }) => detail)),
  };
}

const visits = (count: number, after = 0) =>
  Array.from({ length: count }, (_, n) =>
    storedEvent({
      ...{ project_id: PROJECT, event_type: n % 5 ? "visit" : "deposit", player_id: `p${n % 7}` },
      ...{ timestamp: JUNE + (after + n) * 1_000, received_at: JUNE + (after + n) * 1_000 },
      ...(n % 5 === 0 && { amount: 50_000, currency: "USD" }),
      ...(n % 2 && { banner_tag: "summer" }),
    }),
  );

const asked = {
  ...{ project_id: PROJECT, period: { from: "2026-06-01", to: "2026-06-30" }, fields: {}, value: valueIn("referrer") },
};

beforeAll(async () => {
  await createProject(PROJECT);
  await append(db, visits(40));
  await settle();
  const rule = { project_id: PROJECT, name: "A rule", valid_from: "2026-06-01" };
  await answerOf("POST", "/payout-rules", { ...rule, amount: "5", hold_days: 0 });
  await answerOf("POST", "/click-rules", { ...rule, kind: "too_fast", seconds: 10 });
  await answerOf("POST", "/postbacks", {
    ...{ project_id: PROJECT, name: "A network", event_types: ["deposit"], url: "https://tracker.example.com/" },
    ...{ first_deposit: true },
  });
});

it.each<[string, (bindings: Env) => Promise<unknown>]>([
  [
    "the projections, with rules and targets",
    async (bindings) => {
      await append(db, visits(20, 40));
      await runAll(bindings, PROJECTIONS, JUNE + 86_400_000);
    },
  ],
  [
    "the look through the past for a payout rule",
    async (bindings) => {
      await db.$client.prepare("DELETE FROM payout_backfills").run();
      const room = { toBegin: () => true, forCalls: () => true, computed: 0 };
      expect(await backfill(databaseOf(bindings), PROJECT, room)).toBe(true);
    },
  ],
  [
    "a bot review",
    async (bindings) => {
      await db.run(beginBotReview(PROJECT, JUNE + 86_400_000));
      let steps = 0;
      await botReviews.run(bindings, { has: () => steps++ < 1 } as never, JUNE);
      await db.$client.prepare("DELETE FROM bot_reviews").run();
    },
  ],
  [
    "the drift of a type",
    (bindings) =>
      driftOf(
        databaseOf(bindings),
        { project_id: PROJECT, event_type: "visit", banner_tags: null },
        { schema: null, version: 0 },
      ),
  ],
  ["the sources of visits", (bindings) => readTraffic(bindings, databaseOf(bindings), { ...asked, tags: null })],
  ["those of some tags", (bindings) => readTraffic(bindings, databaseOf(bindings), { ...asked, tags: ["summer"] })],
])("%s", async (_, work) => {
  const { bindings, plans } = explained();
  await work(bindings);
  const found = await plans();
  expect(found.some((plan) => /SEARCH (?:e|events) USING INTEGER PRIMARY KEY/.test(plan))).toBe(true);
  expect(found.filter((plan) => /INDEX events_\w+ \(project_id=\?\)/.test(plan))).toEqual([]);
});
