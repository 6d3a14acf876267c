/** Random histories of two projects, from which figures are counted. */
import fc from "fast-check";
import type { StoredEvent } from "../../worker/event.ts";
import type { Layout } from "../../worker/figures/run.ts";
import type { AskedFilter } from "./figures-oracle.ts";
import { storedEvent } from "./log.ts";

export const DAY = 86_400_000;
// Around the end of daylight saving time in New York, 2026-11-01.
export const FROM = Date.parse("2026-10-30T00:00:00Z");

export type Clock = { project_id: string; timezone: string };

/** Two projects in different time zones, with attribution windows that change. */
export const PROJECTS = [
  { project_id: "figures-one", timezone: "America/New_York" },
  { project_id: "figures-two", timezone: "UTC" },
] as const satisfies readonly Clock[];
export const WINDOW = 2;

/** Few ids, tags and moments, so that many collide: repeats, ties, shared visitors, late links, late tags. */
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

const some = (...values: string[]) => fc.option(fc.subarray(values, { minLength: 1 }), { nil: undefined, freq: 5 });
const aFilter = fc
  .record({
    banner_tag: some("", "a", "b"),
    banner_tag_not: some("", "a"),
    banner_tag_contains: fc.constantFrom(undefined, undefined, [["A"]], [["a"], ["B", "v"]]),
    country: some("MT", "SE", ""),
    device: some("mobile", ""),
    app_id: some("slots", "", "none such"),
    platform: some("ios", ""),
  })
  // Mostly one or two conditions: more would match no event.
  .chain((filter) => fc.subarray(Object.entries(filter), { minLength: 1, maxLength: 2 }))
  .map((entries): AskedFilter => Object.fromEntries(entries.filter(([, value]) => value !== undefined)));

/**
 * A batch is appended, perhaps twice, perhaps in the order of time, which is the usual one; then the figures may run; and
 * sometimes the attribution windows change.
 */
const anAction = fc.record({
  window: fc.constantFrom(null, null, null, null, null, 1, WINDOW, 30),
  events: fc.array(anEvent, { minLength: 1, maxLength: 12 }),
  inTime: fc.boolean(),
  again: fc.boolean(),
  lay: fc.boolean(),
  run: fc.option(fc.integer({ min: 1, max: 30 }), { freq: 2 }),
  /** A filter that is requested in a project, and the number of pieces of its past that are counted then. */
  ask: fc.option(fc.tuple(fc.constantFrom(0, 0, 1), aFilter), { freq: 3 }),
  fill: fc.constantFrom(0, 1, 1, 2, 5),
});

const aLayout: fc.Arbitrary<Layout> = fc.record({
  chunks: fc.record({ open: fc.constantFrom(1, 2, 3, 8, 32), closed: fc.constantFrom(1, 2, 5, 200) }),
  leastAdded: fc.constantFrom(0, 500, 4_000),
  pages: fc.record({ visitors: fc.constantFrom(1, 2, 48), worth: fc.constantFrom(1, 2, 4) }),
});

export const aHistory = fc.record({
  actions: fc.array(anAction, { minLength: 1, maxLength: 12 }),
  layout: aLayout,
});

export type Action = typeof anAction extends fc.Arbitrary<infer Value> ? Value : never;

/** The projects of events, by index. */
export const eventsOf = ({ events, inTime }: Action, projects: readonly Clock[] = PROJECTS): StoredEvent[] => {
  const stored = events.map(({ project, who: [player_id, visitor_id], slot, minutes, money, where, ...event }) => {
    const { project_id, timezone } = projects[project] as Clock;
    const [amount, currency] = money ?? [null, null];
    const timestamp = FROM + slot * (DAY / 4) + minutes * 60_000;
    return storedEvent(
      { ...event, ...where, project_id, player_id, visitor_id, timestamp, amount, currency },
      timezone,
    );
  });
  return inTime ? stored.sort((one, other) => one.timestamp - other.timestamp) : stored;
};
