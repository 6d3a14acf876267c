/** Ids in pages: what is stored once stays stored once, wherever the ids are and whatever happens meanwhile. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { beforeEach, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { writeEventIds } from "../../worker/event-log/event-ids.ts";
import { lostIdPages } from "../../worker/event-log/id-pages.ts";
import { type Database, databaseOf, transact } from "../../worker/store/database.ts";
import { CREATE_ID_INDEX, IDS_CURSOR, moved, placesOf } from "../../worker/store/places.ts";
import { billed } from "./billed.ts";
import { collidingEvent } from "./colliding-event.ts";
import { databaseThatEnds } from "./database.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { histories } from "./histories.ts";
import { createProject, db, storedEvent } from "./log.ts";
import { lose } from "./loss.ts";
import { kept } from "./oracle.ts";
import { erase } from "./pair.ts";

beforeEach(async () => {
  await lose();
  for (const project_id of ["one", "two"]) await createProject(project_id);
});

const count = async (query: string) => (await env.DB.prepare(query).first<number>("n")) ?? 0;
const hasIndex = () => count("SELECT count(*) AS n FROM sqlite_master WHERE name = 'events_by_id'");
const visit = (event_id: string, more: Partial<StoredEvent> = {}) =>
  storedEvent({ project_id: "one", event_type: "visit", event_id, visitor_id: "v", ...more });
const visits = (ids: readonly string[]) => ids.map((event_id) => visit(event_id));
const sortedIds = (length: number) => Array.from({ length }, (_, n) => uuidv7({ msecs: 1_700_000_000_000 + n * 40 }));
const stored = async (events: readonly StoredEvent[], database: Database = db) =>
  (await append(database, events)).stored;

/** All ids that pages and `log_ids` have, with their places. */
const filed = async () =>
  (
    await db.values<[string, number]>(sql`SELECT x.key, x.value FROM log_id_pages p CROSS JOIN json_each(p.ids) x
      UNION ALL SELECT event_id, place FROM log_ids`)
  ).sort((a, b) => a[1] - b[1]);
const placesInLog = () => db.values(sql`SELECT event_id, seq * 4 + standing FROM events ORDER BY seq`);

/** Each page begins with its first id, ends with its last one, and no id is in two pages. */
async function expectSoundPages(): Promise<void> {
  const pages = await db.all<{ project_id: string; first: string; last: string; ids: string }>(
    sql`SELECT project_id, first, last, ids FROM log_id_pages ORDER BY project_id, first`,
  );
  for (const [index, { project_id, first, last, ids }] of pages.entries()) {
    const keys = [...ids.matchAll(/"([^"]+)":/g)].map(([, key = ""]) => key);
    expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    expect(keys.length).toBeGreaterThan(0);
    expect(first <= (keys[0] as string) && (keys.at(-1) as string) <= last).toBe(true);
    const following = pages[index + 1];
    if (following?.project_id === project_id) expect(last < following.first).toBe(true);
  }
}

const aBatch = fc.record({
  events: fc.array(collidingEvent, { minLength: 1, maxLength: 12 }),
  again: fc.boolean(),
  /** How many ids are put into pages afterwards, if any. */
  steps: fc.constantFrom(0, 0, 1, 3, 100),
});

describe("appending", () => {
  it("stores each id once and counts the right events after any batches and redeliveries, wherever ids are stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aBatch, { minLength: 1, maxLength: 8 }), async (batches) => {
        await lose();
        const sent: StoredEvent[] = [];
        for (const { events, again, steps } of batches) {
          const given = events.map((event) => storedEvent(event));
          await append(db, given);
          if (steps > 0) await writeEventIds(db, 1, steps);
          if (again) await append(db, given.toReversed());
          sent.push(...given);
        }
        const log = await db.all<StoredEvent & { duplicate_of: string | null }>(sql`SELECT * FROM events ORDER BY seq`);
        for (const project of ["one", "two"]) {
          const outcomes = (all: { event: StoredEvent; duplicate: boolean }[]) =>
            all
              .filter(({ event }) => event.project_id === project)
              .map(({ event, duplicate }) => [
                event.event_id,
                event.received_at,
                event.trusted,
                event.bot === null && event.test === 0 && duplicate,
              ]);
          const found = log.map((event) => ({ event, duplicate: event.duplicate_of !== null }));
          expect(outcomes(found)).toEqual(outcomes(kept(sent.filter(({ project_id }) => project_id === project))));
        }
        await expectSoundPages();
      }),
      histories(40),
    );
  });

  it("writes two rows for an event when a thousand come at once, and none for events that come again", async () => {
    const { database, bill } = billed();
    const ids = sortedIds(4_000);
    await append(database, visits(ids.slice(0, 1_000)));
    expect(await hasIndex()).toBe(0);
    bill.written = 0;
    for (let from = 1_000; from < 4_000; from += 1_000) await append(database, visits(ids.slice(from, from + 1_000)));
    expect(bill.written / 3_000).toBeLessThan(2.02);
    Object.assign(bill, { read: 0, written: 0 });
    expect(await stored(visits(ids.slice(500, 1_500)), database)).toBe(0);
    expect(bill.written).toBe(0);
    expect(bill.read / 1_000).toBeLessThan(25);
    expect(await filed()).toEqual(await placesInLog());
    await expectSoundPages();
  });

  it("writes hardly more than before where ids are at random, and finds each", async () => {
    const { database, bill } = billed();
    const ids = fc.sample(fc.uuid(), { numRuns: 3_000, seed: 1 });
    for (let from = 0; from < 3_000; from += 150) await append(database, visits(ids.slice(from, from + 150)));
    expect(bill.written / 3_000).toBeLessThan(3.1);
    expect(await stored(visits(ids), database)).toBe(0);
    expect((await filed()).length).toBe(3_000);
    await expectSoundPages();
  });

  it("keeps all places of an id in the same page, and finds each of the four", async () => {
    const forms = [{ test: 1 }, {}, { trusted: 1, test: 1 }, { trusted: 1 }] as const;
    const ids = Array.from({ length: 333 }, (_, n) => `id-${String(n).padStart(4, "0")}`);
    for (const form of forms)
      await append(
        db,
        ids.map((event_id) => visit(event_id, form)),
      );
    await writeEventIds(db, 1);
    expect(await count("SELECT count(*) AS n FROM log_id_pages")).toBeGreaterThan(2);
    await expectSoundPages();
    for (const event_id of ids) {
      const found = await db.values<[number]>(
        sql`SELECT place % 4 FROM (${placesOf(sql`${"one"}`, sql`${event_id}`)})`,
      );
      expect([event_id, found.flat().sort()]).toEqual([event_id, [0, 1, 2, 3]]);
    }
  });

  it("stores each event once while others append the same ones and put ids into pages", async () => {
    const ids = sortedIds(400);
    for (let from = 0; from < 400; from += 100) {
      const events = visits(ids.slice(from, from + 100));
      const [one, other, ...writes] = await Promise.allSettled([
        append(db, events),
        append(db, events.toReversed()),
        writeEventIds(db, 1, 30),
        writeEventIds(db, 1),
      ]);
      const appended = [one, other].map((outcome) => (outcome.status === "fulfilled" ? outcome.value.stored : -1));
      expect(appended.toSorted()).toEqual([0, 100]);
      const lost = writes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      expect(lost.filter((error) => !lostIdPages(error))).toEqual([]);
    }
    expect(await stored(visits(ids))).toBe(0);
    while (await writeEventIds(db, 1, 50)) {}
    expect(await filed()).toEqual(await placesInLog());
  });
});

describe("a log of an earlier version", () => {
  const OLD = 6_000;
  const insert = () =>
    env.DB.prepare(
      `WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n LIMIT ${OLD})
       INSERT INTO events (project_id, event_id, event_type, visitor_id, timestamp, received_at, event_date, event_hour)
       SELECT 'one', printf('old-%06d', n), 'visit', 'v', n, 0, '2026-05-01', 0 FROM n`,
    ).run();
  const old = (from: number, to: number) =>
    visits(Array.from({ length: to - from }, (_, n) => `old-${String(from + n).padStart(6, "0")}`));

  it("comes over in steps that can stop anywhere, while events come and come again", async () => {
    await insert();
    const recent = visits(sortedIds(100));
    for (let step = 0; step < 5; step++) {
      const known = [...old(step * 20, step * 20 + 200), ...recent.slice(0, step * 20)];
      expect(await stored([...known, ...recent.slice(step * 20, step * 20 + 20)])).toBe(20);
      expect(await hasIndex()).toBe(1);
      for (const behind of [false, true]) {
        const ended = databaseOf({ DB: databaseThatEnds(step % 3, behind) });
        await writeEventIds(ended, 1, 30).catch(() => undefined);
        expect(await stored(known)).toBe(0);
      }
    }
    expect(await db.values(sql`SELECT ${IDS_CURSOR} BETWEEN 30 AND 300`)).toEqual([[1]]);
    await runDuty("event ids", { ...env, PLAN: "paid" });
    expect(await hasIndex()).toBe(0);
    expect(await count("SELECT indexed AS n FROM log_state")).toBe(0);
    expect(await stored([...old(0, OLD), ...recent])).toBe(0);
    expect(await count("SELECT count(*) AS n FROM events")).toBe(OLD + 100);
    expect(await filed()).toEqual(await placesInLog());
  });

  it("has no index again after it was made by hand for an earlier version", async () => {
    const ids = sortedIds(100);
    await append(db, visits(ids));
    expect(await hasIndex()).toBe(0);
    await env.DB.exec(CREATE_ID_INDEX);
    expect(await stored(visits(ids))).toBe(0);
    await runDuty("event ids");
    expect(await hasIndex()).toBe(0);
    expect(await stored(visits(ids))).toBe(0);
  });

  it("is right, too, if the index is gone although many ids are in no page", async () => {
    await insert();
    await env.DB.batch(
      ["DROP INDEX events_by_id", "UPDATE log_state SET indexed = 0"].map((text) => env.DB.prepare(text)),
    );
    expect(await stored([...old(0, 50), visit("new")])).toBe(1);
    expect(await stored([...old(2_000, 2_300), visit("new")])).toBe(0);
  });
});

describe("an id that changes", () => {
  it("leaves its page when its person is erased, and is found by its new name", async () => {
    const own = Array.from({ length: 90 }, (_, n) => visit(`alice-77-${n}`, { player_id: "alice-77" }));
    const others = Array.from({ length: 90 }, (_, n) => visit(`order-${n}-of-alice-77`, { player_id: `p${n}` }));
    const strangers = visits(Array.from({ length: 90 }, (_, n) => `id-${n}`));
    await append(db, [...own, ...others, ...strangers]);
    // Some have left the log; the last ones are in no page yet.
    await env.DB.exec("DELETE FROM events WHERE seq % 5 = 0");
    await append(db, [visit("alice-77-late", { player_id: "alice-77" }), visit("late-of-alice-77")]);
    const known = await filed();
    expect(JSON.stringify(known)).toContain("alice-77");
    await erase(unwoken, "one", "alice-77", Date.now());
    const after = await filed();
    expect(JSON.stringify([after, await db.all(sql`SELECT * FROM log_id_pages`)])).not.toContain("alice-77");
    expect(after.map(([, place]) => place)).toEqual(known.map(([, place]) => place));
    await expectSoundPages();
    expect(await stored(strangers)).toBe(0);
    const renamed = await db.values<[string]>(sql`SELECT event_id FROM events WHERE event_id NOT LIKE 'id-%'`);
    expect(renamed.length).toBe(72 + 72 + 2);
    expect(await stored(visits(renamed.flat()))).toBe(0);
  });

  it("is not put into pages under its old name by a run that had read it before", async () => {
    await append(db, visits(["a1", "a2", "a3"]));
    const rename = () =>
      transact(db, [
        sql`UPDATE events SET event_id = 'b2' WHERE event_id = 'a2'`,
        ...moved("one", [{ from: "a2", to: "b2", place: 2 * 4 + 1 }]),
      ]);
    let batches = 0;
    const DB = new Proxy(env.DB, {
      get: (real, name) => {
        const value = Reflect.get(real, name);
        if (name !== "batch") return typeof value === "function" ? value.bind(real) : value;
        return async (statements: D1PreparedStatement[]) => {
          if (++batches === 2) await rename();
          return real.batch(statements);
        };
      },
    });
    await expect(writeEventIds(databaseOf({ DB }), 1)).rejects.toSatisfy(lostIdPages);
    await writeEventIds(db, 1);
    expect((await filed()).map(([id]) => id)).toEqual(["a1", "b2", "a3"]);
    expect(await db.values(sql`SELECT ${IDS_CURSOR}`)).toEqual([[3]]);
  });
});
