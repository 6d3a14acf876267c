/** A changed attribution window in the figures: people without new events are counted by the new one, too. */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { failingDuties } from "../../worker/duties/failing-duties.ts";
import { begin } from "../../worker/erasure/erase.ts";
import { advance as advanceErasure } from "../../worker/erasure/job.ts";
import { STEPS } from "../../worker/erasure/steps.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { figures } from "../../worker/projections/figures.ts";
import { recountSome as recount } from "../../worker/projections/recount.ts";
import { advance, lostRace } from "../../worker/projections/runner.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { databaseWith } from "./database.ts";
import { runDuty, runOnce } from "./duty.ts";
import { comparable } from "./figures-compare.ts";
import { daysOf } from "./figures-oracle.ts";
import { readDays } from "./figures-read.ts";
import { unwoken } from "./gate.ts";
import { changeWindow, createProject, db, recountSome, settle, storedEvent } from "./log.ts";

const DAY = 86_400_000;
const NOW = Date.now();
const sent: Record<string, StoredEvent[]> = {};

/** Each person comes by a tag, and has events 1, 5 and 20 days later: half are players, half visitors in a page. */
const eventsOf = (project_id: string, prefix: string) =>
  Array.from({ length: 12 }, (_, n) =>
    [0, 1, 5, 20].map((days) =>
      storedEvent({
        project_id,
        event_type: days === 0 ? "visit" : "deposit",
        ...(n % 2 === 0 ? { player_id: `${prefix}${n}` } : { visitor_id: `${prefix}${n}` }),
        banner_tag: days === 0 ? `tag-${n % 3}` : null,
        timestamp: NOW - (25 - days) * DAY,
        ...(days > 0 && { amount: 100_000, currency: "EUR" }),
      }),
    ),
  ).flat();

async function make(project_id: string): Promise<void> {
  await createProject(project_id);
  sent[project_id] = eventsOf(project_id, "p");
  await append(db, sent[project_id]);
}

const expectWindow = async (project_id: string, days: number) =>
  expect(comparable(await readDays(project_id))).toEqual(comparable(daysOf(sent[project_id] as StoredEvent[], days)));

const places = async () =>
  (
    await env.DB.prepare("SELECT project_id, place FROM recounts WHERE place IS NOT NULL ORDER BY project_id").all<{
      project_id: string;
      place: string;
    }>()
  ).results;

beforeAll(async () => {
  for (const project_id of ["one", "ailing", "well"]) await make(project_id);
  await settle();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the figures of a project whose attribution window changes", () => {
  it("are recounted with the new window some people at a time, wherever a run stops", async () => {
    await expectWindow("one", 30);
    await changeWindow("one", 3);
    const before = await places();
    expect(await recountSome(2)).toBe(true);
    expect(await places()).not.toEqual(before);
    expect(comparable(await readDays("one"))).not.toEqual(comparable(daysOf(sent.one as StoredEvent[], 3)));
    // Changed again meanwhile, the recount restarts.
    await changeWindow("one", 7);
    expect(await places()).toEqual(before);
    await recountSome(2);
    // The duty continues from there.
    const budgets = await runDuty("figures");
    await expectWindow("one", 7);
    expect(await places()).toEqual([]);
    for (const { queries, limits } of budgets) expect(queries).toBeLessThanOrEqual(limits.queries);
    await expectWindow("well", 30);
  });

  it("are not counted twice when events arrive meanwhile", async () => {
    await changeWindow("one", 2);
    const more = eventsOf("one", "p").map((event) => ({ ...event, timestamp: event.timestamp + DAY / 2 }));
    sent.one?.push(...more);
    await append(db, more);
    let isCounted = false;
    const DB = databaseWith(async () => {
      isCounted = await recount(env, db, Date.now());
    });
    const failed = await advance(env, databaseOf({ DB }), figures, Date.now()).catch((error) => error);
    expect([isCounted, lostRace(failed)]).toEqual([true, true]);
    await settle([figures]);
    await expectWindow("one", 2);
  });

  it("delay no other project when recounting fails, and the failure is reported until it works", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    await changeWindow("ailing", 3);
    await changeWindow("well", 3);
    await env.DB.prepare(
      "CREATE TRIGGER ailing BEFORE UPDATE OF moves ON recounts WHEN NEW.project_id = 'ailing' BEGIN SELECT RAISE(ABORT, 'no luck'); END",
    ).run();
    const run = async () => {
      for (;;) {
        const { progress } = await runOnce("figures");
        if (progress !== "more") return progress;
      }
    };
    expect(await run()).toBe("later");
    expect(await failingDuties(db)).toEqual([{ name: "reattribution", since: expect.any(String) }]);
    // From the next run on, after a pause, people who failed are last.
    expect(await run()).toBe("later");
    await expectWindow("well", 3);
    const more = eventsOf("well", "q");
    sent.well?.push(...more);
    await append(db, more);
    expect(await run()).toBe("later");
    await expectWindow("well", 3);
    await env.DB.prepare("DROP TRIGGER ailing").run();
    expect(await run()).toBe("done");
    expect(await failingDuties(db)).toEqual([]);
    await expectWindow("ailing", 3);
  });

  it("let an erasure wait, since it would change the position of people in the order of recounting", async () => {
    await changeWindow("one", 5);
    const erasure = { project_id: "one", player_id: "p2", suppress: false };
    const id = await begin(db, erasure, Date.now(), async (_, statements) => {
      await transact(db, statements);
    });
    while (await recountSome(2)) expect(await advanceErasure(unwoken, db, STEPS, id, Date.now())).toBe(false);
    await settle();
    expect(await advanceErasure(unwoken, db, STEPS, id, Date.now())).toBe(true);
    // While the erasure holds the figures, nobody is counted.
    await changeWindow("one", 6);
    expect([await recountSome(2), (await places()).length]).toEqual([false, 1]);
  });
});
