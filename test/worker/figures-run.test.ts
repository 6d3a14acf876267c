/** Appending and running against the oracle: every figure of every day and person, after random histories. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { layIds } from "../../worker/event-log/id-pages.ts";
import { appendSegments } from "../../worker/event-log/segments.ts";
import { type Layout, runFigures } from "../../worker/figures/run.ts";
import { emptyTables, makeTables } from "./figures.ts";
import { daysOf, peopleOf } from "./figures-oracle.ts";
import { readDays, readPeople, type Sheet } from "./figures-read.ts";
import { createProject, storedEvent } from "./log.ts";

const DAY = 86_400_000;
// Over the end of daylight saving time in New York, 2026-11-01.
const FROM = Date.parse("2026-10-30T00:00:00Z");

/** Two projects, each with a clock and a window of its own. */
const PROJECTS = [
  { project_id: "figures-one", timezone: "America/New_York", attribution_days: 2 },
  { project_id: "figures-two", timezone: "UTC", attribution_days: 30 },
] as const;

beforeAll(async () => {
  await makeTables();
  for (const { project_id, ...settings } of PROJECTS) await createProject(project_id, settings);
});

/** Few ids, tags and moments, so that everything collides: repeats, ties, shared visitors, late links, late tags. */
const anEvent = fc.record({
  project: fc.constantFrom(0, 0, 0, 1),
  event_id: fc.integer({ min: 1, max: 90 }).map((n) => `e${n}`),
  event_type: fc.constantFrom("visit", "visit", "registration", "deposit", "deposit", "purchase", "refund", "spin"),
  who: fc.constantFrom<[string | null, string | null][]>(
    ["p1", null],
    ["p2", null],
    ["p1", "v1"],
    ["p2", "v1"],
    ["p2", "v2"],
    ["p3", "naïve 🙂"],
    [null, "v1"],
    [null, "v1"],
    [null, "v2"],
    [null, "v3"],
    [null, "naïve 🙂"],
    [null, "naïve \uffee"],
  ),
  banner_tag: fc.constantFrom(null, null, "b", "a", "naïve tag'--"),
  slot: fc.integer({ min: 0, max: 40 }),
  money: fc.option(fc.tuple(fc.integer({ min: 0, max: 10 ** 15 }), fc.constantFrom("EUR", "JPY"))),
  transaction_id: fc.constantFrom(null, null, null, "t1", "t2"),
  country: fc.constantFrom(null, "MT", "SE"),
  device: fc.constantFrom(null, "mobile"),
  app_id: fc.constantFrom(null, "slots"),
  platform: fc.constantFrom(null, "ios"),
  test: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 0, 1),
  bot: fc.constantFrom(null, null, null, null, null, "crawler"),
  trusted: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 1),
});

/** A batch is appended, perhaps again, perhaps in the order of time as nearly all events come; and then the figures may run. */
const anAction = fc.record({
  events: fc.array(anEvent, { minLength: 1, maxLength: 12 }),
  inTime: fc.boolean(),
  again: fc.boolean(),
  lay: fc.boolean(),
  run: fc.option(fc.integer({ min: 1, max: 30 }), { freq: 2 }),
});

const aLayout: fc.Arbitrary<Layout> = fc.record({
  chunks: fc.record({ open: fc.constantFrom(1, 2, 3, 8, 32), closed: fc.constantFrom(1, 2, 5, 200) }),
  pages: fc.record({ visitors: fc.constantFrom(1, 2, 48), worth: fc.constantFrom(1, 2, 4) }),
});

const aHistory = fc.record({
  actions: fc.array(anAction, { minLength: 1, maxLength: 12 }),
  layout: aLayout,
});

type Action = typeof anAction extends fc.Arbitrary<infer Value> ? Value : never;

const eventsOf = ({ events, inTime }: Action): StoredEvent[] => {
  const stored = events.map(({ project, who: [player_id, visitor_id], slot, money, ...event }) => {
    const { project_id, timezone } = PROJECTS[project] as (typeof PROJECTS)[number];
    const [amount, currency] = money ?? [null, null];
    const timestamp = FROM + slot * (DAY / 4);
    return storedEvent({ ...event, project_id, player_id, visitor_id, timestamp, amount, currency }, timezone);
  });
  return inTime ? stored.sort((one, other) => one.timestamp - other.timestamp) : stored;
};

const PAYMENTS = ["purchase", "deposit", "refund"];

/** What the oracle has no figure for: amounts of types that are no payments, but for their sum by tag and day. */
const isBeyond = ([part, scope, , ...rest]: unknown[]): boolean => {
  if (part === "cohort_money") return !PAYMENTS.includes(String(rest[1]));
  if (part === "money_by_hour") return !PAYMENTS.includes(String(rest[0]));
  if (part !== "money" || PAYMENTS.includes(String(rest[0]))) return false;
  return scope === "\u001fall" || rest[3] !== "none";
};

/** As they are comparable: sums of money carried over, and what counted first and is a duplicate now among the duplicates. */
function comparable(sheet: Sheet): Sheet {
  const all: Sheet = {};
  const add = (name: unknown[], by: number) => {
    const key = JSON.stringify(name);
    const sum = (all[key]?.[0] ?? 0) + by;
    if (sum === 0) delete all[key];
    else all[key] = [sum];
  };
  for (const [key, sums] of Object.entries(sheet)) {
    const name = JSON.parse(key) as unknown[];
    if (isBeyond(name)) continue;
    if (name[0] === "outcomes") {
      const [part, scope, date, outcome, reason, hour] = name;
      const places =
        outcome === "superseded"
          ? ([
              ["duplicate", 1],
              ["counted", -1],
            ] as const)
          : ([[outcome, 1]] as const);
      for (const [place, sign] of places) add([part, scope, date, place, reason, hour], sign * (sums[0] ?? 0));
    } else all[key] = sums;
  }
  return all;
}

const withoutOthers = (people: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(people).map(([person, one]) => {
      const { money, ...rest } = one as { money: Record<string, unknown> };
      const own = Object.entries(money).filter(([name]) => PAYMENTS.includes(name.split(" ")[0] ?? ""));
      return [person, { ...rest, money: Object.fromEntries(own) }];
    }),
  );

let cells = 0;

async function expectFigures(sent: readonly StoredEvent[]): Promise<void> {
  for (const { project_id, attribution_days } of PROJECTS) {
    const own = sent.filter((event) => event.project_id === project_id);
    const days = comparable(daysOf(own, attribution_days));
    expect(comparable(await readDays(project_id))).toEqual(days);
    const people = peopleOf(own, attribution_days);
    expect(withoutOthers(await readPeople(project_id, attribution_days * DAY))).toEqual(people);
    cells += Object.keys(days).length + Object.keys(people).length;
  }
}

const settle = async (layout: Layout) => {
  for (let ran = await runFigures(env.DB, 1_000, layout); ran.cursor > ran.after; )
    ran = await runFigures(env.DB, 1_000, layout);
};

describe("the figures", () => {
  it("equal a naive count after any batches, orders, redeliveries and runs, whatever the sizes of chunks and pages", async () => {
    await fc.assert(
      fc.asyncProperty(aHistory, async ({ actions, layout }) => {
        await emptyTables();
        const sent: StoredEvent[] = [];
        for (const action of actions) {
          const events = eventsOf(action);
          await appendSegments(env.DB, events);
          if (action.lay) await layIds(env.DB, 1);
          if (action.again) await appendSegments(env.DB, events.toReversed());
          sent.push(...events);
          if (action.run !== null) await runFigures(env.DB, action.run, layout);
        }
        await settle(layout);
        await expectFigures(sent);
      }),
      { numRuns: Number(env.FIGURES_HISTORIES || 60) },
    );
    console.log(JSON.stringify({ message: "figures compared", cells }));
  }, 3_600_000);
});
