import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { doingsIn, doingsOf } from "./doings.ts";
import { histories } from "./histories.ts";
import {
  changeWindow,
  createProject,
  db,
  deliver,
  figuresIn,
  keepToTables,
  reattributeSome,
  settle,
  step,
  storedEvent,
  TABLES,
} from "./log.ts";
import { figuresOf, kept } from "./oracle.ts";

// It looks into the tables.
beforeAll(keepToTables);

const DAY = 86_400_000;
// Around the end of daylight saving time in New York, 2026-11-01.
const FROM = Date.parse("2026-10-30T00:00:00Z");
const TIMEZONE = "America/New_York";
const ATTRIBUTION_DAYS = 2;

/** Few ids, tags and moments, so that many collide: repeats, ties, shared visitors, late links, late tags. */
const anEvent = fc.record({
  event_id: fc.integer({ min: 1, max: 60 }).map((n) => `e${n}`),
  event_type: fc.constantFrom("visit", "registration", "deposit", "deposit", "withdrawal", "spin"),
  who: fc.constantFrom<[string | null, string | null][]>(
    ["p1", null],
    ["p2", null],
    ["p1", "v1"],
    ["p2", "v1"],
    ["p2", "v2"],
    [null, "v1"],
    [null, "v2"],
    [null, "v3"],
  ),
  banner_tag: fc.constantFrom(null, null, "a", "b", "naïve tag'--"),
  timestamp: fc.integer({ min: 0, max: 24 }).map((slot) => FROM + slot * (DAY / 4)),
  money: fc.option(fc.tuple(fc.integer({ min: 0, max: 10 ** 15 }), fc.constantFrom("EUR", "JPY"))),
  transaction_id: fc.constantFrom(null, null, "t1", "t2"),
  country: fc.constantFrom(null, "MT", "SE"),
  device: fc.constantFrom(null, "mobile"),
  app_id: fc.constantFrom(null, "slots"),
  platform: fc.constantFrom(null, "ios"),
  test: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 1),
  bot: fc.constantFrom(null, null, null, null, "crawler"),
  trusted: fc.constantFrom<(0 | 1)[]>(0, 0, 1),
});

/**
 * One action: a batch is delivered, in messages, perhaps for the second time; or a projection makes some steps; or the
 * project gets another attribution window; or some of its people are attributed with it.
 */
const anAction = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      deliver: fc.array(fc.array(anEvent, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      again: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ project: fc.nat(TABLES.length - 1), limit: fc.integer({ min: 1, max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ window: fc.constantFrom(1, ATTRIBUTION_DAYS, 30) }) },
  { weight: 1, arbitrary: fc.record({ together: fc.boolean(), reattribute: fc.integer({ min: 1, max: 9 }) }) },
);

/** The number of events by outcome: events that were counted first and are duplicates now have moved. */
async function outcomesIn(project_id: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    `SELECT outcome, sum(total) AS total FROM (
       SELECT outcome, total FROM event_outcomes WHERE project_id = ?1 AND outcome <> 'superseded'
       UNION ALL SELECT o.value ->> 0, o.value ->> 1 * total FROM event_outcomes, json_each('[["counted",-1],["duplicate",1]]') o
       WHERE project_id = ?1 AND outcome = 'superseded')
     GROUP BY outcome HAVING sum(total) <> 0`,
  )
    .bind(project_id)
    .all<{ outcome: string; total: number }>();
  return Object.fromEntries(results.map(({ outcome, total }) => [outcome, total]));
}

const outcomesOf = (sent: StoredEvent[]): Record<string, number> =>
  Object.fromEntries(
    [
      ...Map.groupBy(kept(sent), ({ event, duplicate }) =>
        event.test === 1 ? "test" : event.bot !== null ? "bot" : duplicate ? "duplicate" : "counted",
      ),
    ].map(([outcome, own]) => [outcome, own.length]),
  );

describe("projections", () => {
  it("equal a naive count after any batches, orders, redeliveries, interleaved runs and changes of the window, and after a rebuild", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anAction, { minLength: 1, maxLength: 14 }), async (actions) => {
        const project_id = `property-${++run}`;
        await createProject(project_id, { timezone: TIMEZONE, attribution_days: ATTRIBUTION_DAYS });
        const sent: StoredEvent[] = [];
        let window = ATTRIBUTION_DAYS;
        for (const action of actions) {
          if ("project" in action) {
            await step(TABLES[action.project] as (typeof TABLES)[number], action.limit);
            continue;
          }
          if ("window" in action) {
            window = action.window;
            await changeWindow(project_id, window);
            continue;
          }
          if ("reattribute" in action) {
            // This is done only while the projections are at the same position in the log.
            if (action.together) for (const projection of TABLES) await step(projection);
            await reattributeSome(action.reattribute);
            continue;
          }
          const messages = action.deliver.map((events) => ({
            events: events.map(({ who: [player_id, visitor_id], money, ...event }) =>
              storedEvent(
                {
                  ...event,
                  project_id,
                  player_id,
                  visitor_id,
                  amount: money?.[0] ?? null,
                  currency: money?.[1] ?? null,
                },
                TIMEZONE,
              ),
            ),
          }));
          await deliver(messages);
          if (action.again) await deliver(messages.toReversed());
          sent.push(...messages.flatMap((message) => message.events));
        }
        await settle(TABLES);
        const counted = figuresOf(sent, window);
        expect(await figuresIn(project_id)).toEqual(counted);
        // The same result from the log alone.
        expect(await doingsIn(project_id, ["", "a", "b", "naïve tag'--"])).toEqual(doingsOf(counted));
        expect(await outcomesIn(project_id)).toEqual(outcomesOf(sent));
      }),
      histories(60),
    );

    const before = await Promise.all(Array.from({ length: run }, (_, index) => figuresIn(`property-${index + 1}`)));
    await rebuild(env, db, PROJECTIONS, "identities");
    expect(await figuresIn("property-1")).toMatchObject({ daily_metrics: {}, players: {}, payments: {} });
    await settle(TABLES);
    for (const [index, figures] of before.entries()) expect(await figuresIn(`property-${index + 1}`)).toEqual(figures);
  });
});
