/** Numbers of events: each is given once, whatever is removed, and giving them costs no row for each append. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { beforeEach, expect, it } from "vitest";
import { append } from "../../worker/event-log/append.ts";
import { writeEventIds } from "../../worker/event-log/event-ids.ts";
import type { Database } from "../../worker/store/database.ts";
import { billed } from "./billed.ts";
import { histories } from "./histories.ts";
import { createProject, db, storedEvent } from "./log.ts";
import { lose } from "./loss.ts";

beforeEach(async () => {
  await lose();
  await createProject("one");
});

const visits = (ids: readonly string[]) =>
  ids.map((event_id) => storedEvent({ project_id: "one", event_type: "visit", event_id, visitor_id: "v" }));
const add = (ids: readonly string[], database: Database = db) => append(database, visits(ids));
const newId = () => uuidv7();
const newIds = (length: number) => Array.from({ length }, newId);
const numbers = async () => (await db.values<[number]>(sql`SELECT seq FROM events ORDER BY seq`)).flat();
/** As the version before this one appended. */
const addByEarlierVersion = () =>
  db.run(sql`INSERT INTO events (project_id, event_id, event_type, visitor_id, timestamp, received_at, event_date, event_hour)
    VALUES ('one', ${newId()}, 'visit', 'v', 0, 0, '2026-05-01', 0)`);

it("costs two rows for an event that is appended alone, and hardly more", async () => {
  const { database, bill } = billed();
  await add(newIds(3_000), database);
  bill.written = 0;
  for (let n = 0; n < 300; n++) await add([newId()], database);
  expect(bill.written / 300).toBeLessThan(2.1);
});

it("writes the row of SQLite once for hundreds of events, also when many come at once", async () => {
  const { database, bill } = billed();
  await add(newIds(100), database);
  bill.written = 0;
  for (let n = 0; n < 4; n++) await add(newIds(2_500), database);
  expect(bill.written / 10_000).toBeLessThan(2.02);
});

it("numbers the events of a batch without a gap, in their order, where the log has some of them already", async () => {
  const ids = Array.from({ length: 200 }, (_, n) => `id-${String(n).padStart(3, "0")}`);
  await add(ids.filter((_, n) => n % 3 === 0));
  const { stored, first_seq, last_seq } = await add(ids);
  expect({ stored, first_seq, last_seq }).toEqual({ stored: 133, first_seq: 68, last_seq: 200 });
  expect(await numbers()).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
  const appended = await db.values<[string]>(sql`SELECT event_id FROM events WHERE seq > 67 ORDER BY seq`);
  expect(appended.flat()).toEqual(ids.filter((_, n) => n % 3 !== 0));
});

it("goes on where the last events were removed, and says so", async () => {
  await add(newIds(5));
  await env.DB.exec("DELETE FROM events WHERE seq > 2");
  expect(await add(newIds(2))).toMatchObject({ stored: 2, first_seq: 6, last_seq: 7 });
  await env.DB.exec("DELETE FROM events");
  expect(await add([newId()])).toMatchObject({ stored: 1, first_seq: 8, last_seq: 8 });
});

const anAct = fc.oneof(
  fc.record({ kind: fc.constant("append"), events: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ kind: fc.constant("earlier version") }),
  fc.record({ kind: fc.constant("write ids") }),
  fc.record({ kind: fc.constant("remove the last"), events: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constant("remove the last backwards"), events: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant("remove some"), events: fc.integer({ min: 2, max: 5 }) }),
  fc.record({ kind: fc.constant("remove all") }),
);
type Act = typeof anAct extends fc.Arbitrary<infer One> ? One : never;

const remove = (where: string) => db.run(sql`DELETE FROM events WHERE ${sql.raw(where)}`);
const ACTS: Record<Act["kind"], (events: number) => Promise<unknown>> = {
  append: (events) => add(newIds(events)),
  "earlier version": addByEarlierVersion,
  "write ids": () => writeEventIds(db, 1),
  "remove the last": (events) => remove(`seq IN (SELECT seq FROM events ORDER BY seq DESC LIMIT ${events})`),
  "remove the last backwards": async (events) => {
    for (let n = 0; n < events; n++) await remove("seq = (SELECT max(seq) FROM events)");
  },
  "remove some": (events) => remove(`seq % ${events} = 0`),
  "remove all": () => remove("true"),
};

it("gives no number twice, and only larger ones, whatever is removed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { minLength: 2, maxLength: 12 }), async (acts) => {
      await lose();
      await createProject("one");
      let last = 0;
      for (const act of acts) {
        const before = new Set(await numbers());
        await ACTS[act.kind]("events" in act ? act.events : 0);
        const given = (await numbers()).filter((seq) => !before.has(seq));
        if (given.length > 0) expect(given[0]).toBeGreaterThan(last);
        last = Math.max(last, ...given);
      }
    }),
    histories(40),
  );
});
