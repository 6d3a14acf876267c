/** Appending events and running the figures against the oracle: every figure of every day and person, after random histories. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { writeSegmentIds } from "../../worker/event-log/segment-ids.ts";
import { appendSegments } from "../../worker/event-log/segments.ts";
import { type Layout, RUN_CALLS, runFigures } from "../../worker/figures/run.ts";
import { lostCursor } from "../../worker/figures/writes.ts";
import { metered } from "../../worker/store/budget.ts";
import { emptyTables, makeTables } from "./figures.ts";
import { comparable, withoutOthers } from "./figures-compare.ts";
import { aHistory, DAY, eventsOf, FROM, PROJECTS, WINDOW } from "./figures-histories.ts";
import { daysOf, peopleOf } from "./figures-oracle.ts";
import { readDays, readPeople } from "./figures-read.ts";
import { histories } from "./histories.ts";
import { createProject, storedEvent } from "./log.ts";

beforeAll(async () => {
  await makeTables();
  for (const { project_id, ...settings } of PROJECTS) await createProject(project_id, settings);
});

const setWindow = (days: number) => env.DB.prepare("UPDATE projects SET attribution_days = ?").bind(days).run();

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

/** A person with a new event is counted with the present window, including the whole past. */
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
          if (action.lay) await writeSegmentIds(env.DB, 1);
          if (action.again) await appendSegments(env.DB, events.toReversed());
          sent.push(...events);
          if (action.run !== null) await runFigures(env.DB, action.run, layout);
        }
        await settle(layout);
        if (windows.length > 1) sent.push(...(await oneMoreEach(layout)));
        await expectFigures(sent, windows.at(-1) ?? WINDOW);
      }),
      histories(20),
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

  it("are counted once when two runs take the same events concurrently", async () => {
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

  it("make no more queries than RUN_CALLS, also when many past days change", async () => {
    await emptyTables();
    await setWindow(30);
    const sent = Array.from({ length: 60 }, (_, day) => people(12, FROM - day * DAY)).flat();
    await appendSegments(env.DB, sent);
    const { env: counted, budget } = metered(env, "figures");
    await runFigures(counted.DB, sent.length);
    expect(budget.queries).toBeLessThanOrEqual(RUN_CALLS);
    await expectFigures(sent, 30);
  });

  it("keep a person's row small, and read only the part of the past that a late event changes", async () => {
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
    // A late event for the last closed chunk but one: the first seven chunks stay unchanged.
    await env.DB.prepare(
      "UPDATE people_past SET recent = '' WHERE until IN (SELECT until FROM people_past ORDER BY until LIMIT 7)",
    ).run();
    sent.push(spin(300.5));
    await appendSegments(env.DB, sent.slice(-1));
    await runFigures(env.DB);
    await expectFigures(sent, 30);
  });
});
