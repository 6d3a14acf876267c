/** Appending and running against the oracle: every figure of every day and person, after random histories. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { layIds } from "../../worker/event-log/id-pages.ts";
import { appendSegments } from "../../worker/event-log/segments.ts";
import { type Layout, RUN_CALLS, runFigures } from "../../worker/figures/run.ts";
import { lostCursor } from "../../worker/figures/writes.ts";
import { metered } from "../../worker/store/budget.ts";
import { emptyTables, makeTables } from "./figures.ts";
import { daysOf, peopleOf } from "./figures-oracle.ts";
import { readDays, readPeople, type Sheet } from "./figures-read.ts";
import { createProject, storedEvent } from "./log.ts";

const DAY = 86_400_000;
// Over the end of daylight saving time in New York, 2026-11-01.
const FROM = Date.parse("2026-10-30T00:00:00Z");

/** Two projects, each with a clock of its own, and with windows that change. */
const PROJECTS = [
  { project_id: "figures-one", timezone: "America/New_York" },
  { project_id: "figures-two", timezone: "UTC" },
] as const;
const WINDOW = 2;

beforeAll(async () => {
  await makeTables();
  for (const { project_id, ...settings } of PROJECTS) await createProject(project_id, settings);
});

const setWindow = (days: number) => env.DB.prepare("UPDATE projects SET attribution_days = ?").bind(days).run();

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
  slot: fc.integer({ min: 0, max: 30 }),
  minutes: fc.constantFrom(0, 0, 20),
  money: fc.option(fc.tuple(fc.integer({ min: 0, max: 10 ** 15 }), fc.constantFrom("EUR", "JPY"))),
  transaction_id: fc.constantFrom(null, null, null, "t1", "t2"),
  where: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ country: "MT", device: null, app_id: null, platform: "ios" }) },
    {
      weight: 1,
      arbitrary: fc.record({
        country: fc.constantFrom(null, "MT", "SE"),
        device: fc.constantFrom(null, "mobile"),
        app_id: fc.constantFrom(null, "slots"),
        platform: fc.constantFrom(null, "ios"),
      }),
    },
  ),
  test: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 0, 1),
  bot: fc.constantFrom(null, null, null, null, null, "crawler"),
  trusted: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 1),
});

/**
 * A batch is appended, perhaps again, perhaps in the order of time as nearly all events come; then the figures may run; and
 * now and then the projects get another attribution window.
 */
const anAction = fc.record({
  window: fc.constantFrom(null, null, null, null, null, 1, WINDOW, 30),
  events: fc.array(anEvent, { minLength: 1, maxLength: 12 }),
  inTime: fc.boolean(),
  again: fc.boolean(),
  lay: fc.boolean(),
  run: fc.option(fc.integer({ min: 1, max: 30 }), { freq: 2 }),
});

const aLayout: fc.Arbitrary<Layout> = fc.record({
  chunks: fc.record({ open: fc.constantFrom(1, 2, 3, 8, 32), closed: fc.constantFrom(1, 2, 5, 200) }),
  leastAdded: fc.constantFrom(0, 500, 4_000),
  pages: fc.record({ visitors: fc.constantFrom(1, 2, 48), worth: fc.constantFrom(1, 2, 4) }),
});

const aHistory = fc.record({
  actions: fc.array(anAction, { minLength: 1, maxLength: 12 }),
  layout: aLayout,
});

type Action = typeof anAction extends fc.Arbitrary<infer Value> ? Value : never;

const eventsOf = ({ events, inTime }: Action): StoredEvent[] => {
  const stored = events.map(({ project, who: [player_id, visitor_id], slot, minutes, money, where, ...event }) => {
    const { project_id, timezone } = PROJECTS[project] as (typeof PROJECTS)[number];
    const [amount, currency] = money ?? [null, null];
    const timestamp = FROM + slot * (DAY / 4) + minutes * 60_000;
    return storedEvent(
      { ...event, ...where, project_id, player_id, visitor_id, timestamp, amount, currency },
      timezone,
    );
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

async function expectFigures(sent: readonly StoredEvent[], window: number): Promise<void> {
  for (const { project_id } of PROJECTS) {
    const own = sent.filter((event) => event.project_id === project_id);
    const days = comparable(daysOf(own, window));
    expect(comparable(await readDays(project_id))).toEqual(days);
    const people = peopleOf(own, window);
    expect(withoutOthers(await readPeople(project_id))).toEqual(people);
    cells += Object.keys(days).length + Object.keys(people).length;
  }
}

const settle = async (layout: Layout) => {
  while ((await runFigures(env.DB, 1_000, layout)).behind > 0);
};

/** Who does something is counted by the window as it is then, with all of the past. */
async function oneMoreEach(layout: Layout): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (const { project_id, timezone } of PROJECTS)
    for (const person of Object.keys(await readPeople(project_id))) {
      const who = person.startsWith("\u001f") ? { visitor_id: person.slice(1) } : { player_id: person };
      events.push(storedEvent({ project_id, event_type: "spin", timestamp: FROM + 5 * DAY, ...who }, timezone));
    }
  await appendSegments(env.DB, events);
  await settle(layout);
  return events;
}

describe("the figures", () => {
  it("equal a naive count after any batches, orders, redeliveries and runs, whatever the sizes of chunks and pages", async () => {
    await fc.assert(
      fc.asyncProperty(aHistory, async ({ actions, layout }) => {
        await emptyTables();
        await setWindow(WINDOW);
        const windows = [WINDOW];
        const sent: StoredEvent[] = [];
        for (const action of actions) {
          const events = eventsOf(action);
          if (action.window !== null) {
            windows.push(action.window);
            await setWindow(action.window);
          }
          await appendSegments(env.DB, events);
          if (action.lay) await layIds(env.DB, 1);
          if (action.again) await appendSegments(env.DB, events.toReversed());
          sent.push(...events);
          if (action.run !== null) await runFigures(env.DB, action.run, layout);
        }
        await settle(layout);
        if (windows.length > 1) sent.push(...(await oneMoreEach(layout)));
        await expectFigures(sent, windows.at(-1) ?? WINDOW);
      }),
      { numRuns: Number(env.FIGURES_HISTORIES || 40), endOnFailure: true },
    );
    console.log(JSON.stringify({ message: "figures compared", cells }));
  }, 3_600_000);

  const people = (count: number, at: number) =>
    Array.from({ length: count }, (_, n) =>
      storedEvent({
        project_id: "figures-two",
        event_type: n % 3 === 0 ? "deposit" : "visit",
        player_id: `player-${n}`,
        banner_tag: `tag-${n}`,
        timestamp: at + n,
      }),
    );

  it("are counted once where two runs take the same events side by side", async () => {
    await emptyTables();
    await appendSegments(env.DB, people(40, FROM));
    const runs = await Promise.allSettled([runFigures(env.DB), runFigures(env.DB)]);
    const lost = runs.flatMap((run) => (run.status === "rejected" ? [run.reason] : []));
    expect(lost.every(lostCursor)).toBe(true);
    expect(lost.length).toBe(1);
    expect(await runFigures(env.DB)).toEqual({ after: 40, cursor: 40, behind: 0 });
    expect((await readDays("figures-two"))[JSON.stringify(["counts", "\u001fall", "2026-10-30", ""])]).toEqual([
      40, 40,
    ]);
  });

  it("take no more queries than they say, also where a past of many days changes", async () => {
    await emptyTables();
    await setWindow(30);
    const sent = Array.from({ length: 60 }, (_, day) => people(12, FROM - day * DAY)).flat();
    await appendSegments(env.DB, sent);
    const { env: counted, budget } = metered(env, "figures");
    await runFigures(counted.DB, sent.length);
    expect(budget.queries).toBeLessThanOrEqual(RUN_CALLS);
    await expectFigures(sent, 30);
  });

  it("keep a person's row small, and read of the past only what a late event changes", async () => {
    await emptyTables();
    await setWindow(30);
    const sent: StoredEvent[] = [];
    const spin = (hour: number) =>
      storedEvent({
        project_id: "figures-two",
        event_type: "spin",
        player_id: "p",
        banner_tag: "a",
        timestamp: FROM + hour * 3_600_000,
      });
    for (let hour = 0; hour < 400; hour += 10) {
      sent.push(...Array.from({ length: 10 }, (_, n) => spin(hour + n)));
      await appendSegments(env.DB, sent.slice(-10));
      await runFigures(env.DB);
    }
    const sizes = () =>
      env.DB.prepare(
        "SELECT length(now) + length(head) + length(recent) AS row, (SELECT count(*) FROM people_past) AS chunks FROM people",
      ).first();
    expect(await sizes()).toMatchObject({ chunks: 9 });
    expect(Number((await sizes())?.row)).toBeLessThan(5_000);
    // A late one into the last closed chunk but one: the first seven stay as they are.
    await env.DB.prepare(
      "UPDATE people_past SET recent = '' WHERE until IN (SELECT until FROM people_past ORDER BY until LIMIT 7)",
    ).run();
    sent.push(spin(300.5));
    await appendSegments(env.DB, sent.slice(-1));
    await runFigures(env.DB);
    await expectFigures(sent, 30);
  });
});
