/** Events of settled days are removed from people's rows, and no figure changes, then or later. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { appendSegments } from "../../worker/event-log/segments.ts";
import { dateNumber } from "../../worker/figures/edits.ts";
import { visitorOf } from "../../worker/figures/person-row.ts";
import { forget, LAYOUT, type Layout, runFigures } from "../../worker/figures/run.ts";
import { emptyTables, makeTables } from "./figures.ts";
import { aHistory, type Clock, DAY, eventsOf, FROM, WINDOW } from "./figures-histories.ts";
import { keptDates, readDays, readPeople } from "./figures-read.ts";
import { histories } from "./histories.ts";
import { createProject, storedEvent } from "./log.ts";

const TIMEZONE = "America/New_York";
/** A project whose people keep the events of settled days, and one whose people do not. */
const [KEEPS, FORGETS] = ["settled-keeps", "settled-forgets"] as const;
const clockOf = (project_id: string): [Clock, Clock] => [
  { project_id, timezone: TIMEZONE },
  { project_id, timezone: TIMEZONE },
];

beforeAll(async () => {
  await makeTables();
  for (const project_id of [KEEPS, FORGETS])
    await createProject(project_id, { timezone: TIMEZONE, attribution_days: WINDOW });
});

const run = (layout: Layout) => runFigures(env.DB, 1_000, layout);

const settleBefore = (date: string) =>
  env.DB.prepare("UPDATE projects SET settled_before = ? WHERE project_id IN (?, ?)").bind(date, KEEPS, FORGETS).run();

/** Removes events from people's rows, as a sweep of the log does. */
async function forgetThese(events: readonly StoredEvent[], layout: Layout): Promise<void> {
  const names = events.flatMap(({ player_id, visitor_id }) => [
    ...(player_id === null ? [] : [player_id]),
    ...(visitor_id === null ? [] : [visitorOf(visitor_id)]),
  ]);
  const statements = await forget(env.DB, new Map([[FORGETS, [...new Set(names)]]]), layout);
  if (statements.length > 0) await env.DB.batch(statements);
}

const dayAfter = (days: number) => new Date(FROM + days * DAY).toISOString().slice(0, 10);

describe("events of settled days", () => {
  it("change no figure when they are removed from people's rows, whatever follows, including late events and links", async () => {
    let forgotten = 0;
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        fc.array(fc.option(fc.integer({ min: 0, max: 8 })), { minLength: 12, maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        async ({ actions, layout }, settling, sweeping) => {
          await emptyTables();
          await settleBefore("");
          const sent: StoredEvent[] = [];
          let settled = 0;
          for (const [n, action] of actions.entries()) {
            const events = eventsOf(action, clockOf(FORGETS));
            sent.push(...events);
            await appendSegments(env.DB, events);
            await appendSegments(
              env.DB,
              events.map((event) => ({ ...event, project_id: KEEPS })),
            );
            const days = settling[n] ?? null;
            // Both in one run: on a settled day it matters which of two events is first.
            if (action.run !== null || days !== null) await run(layout);
            if (days === null) continue;
            settled = Math.max(settled, days);
            await settleBefore(dayAfter(settled));
            const before = await keptDates(FORGETS);
            if (sweeping[n]) await forgetThese(events, layout);
            else await forgetThese(sent, layout);
            const left = await keptDates(FORGETS);
            forgotten += before.length - left.length;
            if (!sweeping[n]) expect(left.filter((date) => date < dateNumber(dayAfter(settled)))).toEqual([]);
          }
          await run(layout);
          expect(await readDays(FORGETS)).toEqual(await readDays(KEEPS));
          expect(await readPeople(FORGETS)).toEqual(await readPeople(KEEPS));
        },
      ),
      histories(12),
    );
    expect(forgotten).toBeGreaterThan(0);
  }, 3_600_000);

  const event = (id: string, day: number, rest: Pick<StoredEvent, "event_type"> & Partial<StoredEvent>) =>
    storedEvent({ event_id: id, project_id: FORGETS, timestamp: FROM + day * DAY + DAY / 2, ...rest }, TIMEZONE);
  const counts = async (day: number, scope = "\u001fall") =>
    Object.fromEntries(
      Object.entries(await readDays(FORGETS)).flatMap(([name, sums]) => {
        const [part, of, date, type] = JSON.parse(name) as string[];
        return part === "counts" && of === scope && date === dayAfter(day) && type !== "" ? [[type, sums]] : [];
      }),
    );

  const settled = async (events: StoredEvent[], before: number) => {
    await emptyTables();
    await settleBefore("");
    await appendSegments(env.DB, events);
    await run(LAYOUT);
    await settleBefore(dayAfter(before));
    await forgetThese(events, LAYOUT);
  };

  it("still count when they arrive late, as events with their amounts, while their person is not counted again", async () => {
    await settled([event("one", 0, { player_id: "p1", event_type: "visit", banner_tag: "a" })], 3);
    await appendSegments(env.DB, [
      event("two", 0, { player_id: "p1", event_type: "deposit", amount: 50_000, currency: "EUR" }),
      event("three", 0, { player_id: "p2", event_type: "deposit", amount: 70_000, currency: "EUR" }),
      event("four", 5, { player_id: "p1", event_type: "spin" }),
    ]);
    await run(LAYOUT);
    // The other player had nothing on the settled day.
    expect(await counts(0)).toEqual({ visit: [1, 1], deposit: [1, 2], $payer: [1, 2], $depositor: [1, 2] });
    const days = await readDays(FORGETS);
    expect(days[JSON.stringify(["money", "\u001fall", dayAfter(0), "deposit", "EUR", null, "none", ""])]).toEqual([
      2, 12, 0,
    ]);
    expect(days[JSON.stringify(["returns", "\u001fall", dayAfter(5), dayAfter(0)])]).toEqual([1]);
  });

  it("stay with a visitor who later turns out to be a player", async () => {
    const visits = [0, 4].map((day) => event(`visit-${day}`, day, { visitor_id: "v", event_type: "visit" }));
    await settled(visits, 3);
    await appendSegments(env.DB, [
      event("late", 4, { player_id: "p", event_type: "visit", timestamp: FROM + 4 * DAY + DAY / 4 }),
      event("link", 5, { player_id: "p", visitor_id: "v", event_type: "registration" }),
    ]);
    await run(LAYOUT);
    expect(await counts(0)).toEqual({ visit: [1, 1] });
    expect(await counts(4)).toEqual({ visit: [1, 2] });
    const people = await readPeople(FORGETS);
    expect(Object.keys(people)).toEqual(["p"]);
    expect(people).toMatchObject({ p: { total_events: 3, first_seen: FROM + 4 * DAY + DAY / 4 } });
  });
});
