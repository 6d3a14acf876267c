/** The log in segments against SPEC's rules of ids, transactions and trust. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { lostIdPages } from "../../worker/event-log/id-pages.ts";
import { writeSegmentIds } from "../../worker/event-log/segment-ids.ts";
import { appendSegments } from "../../worker/event-log/segments.ts";
import { readBody } from "../../worker/figures/segment.ts";
import { collidingEvent } from "./colliding-event.ts";
import { emptyTables, makeTables } from "./figures.ts";
import { histories } from "./histories.ts";
import { storedEvent } from "./log.ts";
import { kept } from "./oracle.ts";

beforeAll(makeTables);
beforeEach(emptyTables);

const aBatch = fc.record({
  events: fc.array(collidingEvent, { minLength: 1, maxLength: 12 }),
  again: fc.boolean(),
  lay: fc.boolean(),
});

async function logged() {
  const { results } = await env.DB.prepare("SELECT seq, superseded, body FROM log_segments ORDER BY seq").all<{
    seq: number;
    superseded: string | null;
    body: string;
  }>();
  const superseded = new Set(results.flatMap((row) => JSON.parse(row.superseded ?? "[]") as number[]));
  return results.flatMap(({ seq, body }) =>
    readBody(body).map((event, offset) => ({
      seq: seq + offset,
      event,
      duplicate: event.duplicate_of !== null || superseded.has(seq + offset),
    })),
  );
}

describe("appending in segments", () => {
  it("stores each id once and counts the right events, after any batches and redeliveries, wherever ids are stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aBatch, { minLength: 1, maxLength: 8 }), async (batches) => {
        await emptyTables();
        const sent: StoredEvent[] = [];
        for (const { events, again, lay } of batches) {
          const stored = events.map((event) => storedEvent(event));
          await appendSegments(env.DB, stored);
          if (lay) await writeSegmentIds(env.DB, 1);
          if (again) await appendSegments(env.DB, stored.toReversed());
          sent.push(...stored);
        }
        const log = await logged();
        expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
        for (const project of ["one", "two"]) {
          // For tests and bots, repeats do not matter: they count nowhere.
          const told = (all: { event: StoredEvent; duplicate: boolean }[]) =>
            all
              .filter(({ event }) => event.project_id === project)
              .map(({ event, duplicate }) => [
                event.event_id,
                event.received_at,
                event.trusted,
                event.bot === null && event.test === 0 && duplicate,
              ]);
          expect(told(log)).toEqual(told(kept(sent.filter(({ project_id }) => project_id === project))));
        }
      }),
      histories(30),
    );
  });

  it("stores each event once when the same ones are appended concurrently", async () => {
    const events = Array.from({ length: 30 }, (_, n) =>
      storedEvent({
        project_id: "one",
        event_type: "deposit",
        event_id: `e${n}`,
        player_id: "p",
        transaction_id: `t${n % 9}`,
      }),
    );
    const parts = [events.slice(0, 20), events.slice(10), events.slice(5, 15), events.toReversed()];
    const appended = await Promise.all(parts.map((part) => appendSegments(env.DB, part)));
    expect(appended.reduce((sum, { stored }) => sum + stored, 0)).toBe(30);
    const log = await logged();
    expect(log.map(({ event }) => event.event_id).sort()).toEqual(events.map(({ event_id }) => event_id).sort());
    expect(log.filter(({ duplicate }) => !duplicate).length).toBe(9);
  });

  it("finds ids in pages, whether they arrive sorted or at random", async () => {
    const random = fc.sample(fc.uuid(), { numRuns: 1_200, seed: 1 });
    for (const ids of [random, random.map((_, n) => `z${String(n).padStart(6, "0")}`)]) {
      const events = ids.map((event_id) =>
        storedEvent({ project_id: "one", event_type: "visit", event_id, visitor_id: "v" }),
      );
      for (let from = 0; from < events.length; from += 150) {
        await appendSegments(env.DB, events.slice(from, from + 150));
        await writeSegmentIds(env.DB);
      }
      for (const few of [events.slice(3, 6), events]) expect((await appendSegments(env.DB, few)).stored).toBe(0);
    }
    const count = (sql: string) => env.DB.prepare(sql).first<number>("n");
    expect(await count("SELECT count(*) AS n FROM log_id_pages")).toBeLessThan(20);
    expect(
      await count("SELECT count(*) + (SELECT count(*) FROM log_ids) AS n FROM log_id_pages p, json_each(p.ids)"),
    ).toBe(2_400);
  });

  it("moves ids into pages once when two runs do it concurrently", async () => {
    const events = Array.from({ length: 80 }, (_, n) =>
      storedEvent({ project_id: "one", event_type: "visit", event_id: `e${n}`, visitor_id: "v" }),
    );
    await appendSegments(env.DB, events);
    const laid = await Promise.allSettled([writeSegmentIds(env.DB), writeSegmentIds(env.DB)]);
    const lost = laid.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(lost.map(lostIdPages)).toEqual([true]);
    const { results } = await env.DB.prepare("SELECT x.key FROM log_id_pages p, json_each(p.ids) x").all();
    expect(results.length).toBe(80);
  });

  it("stores many events at once in their order, also if the log has some of them already, or two are the same", async () => {
    const events = Array.from({ length: 450 }, (_, n) =>
      storedEvent({ project_id: "one", event_type: "visit", event_id: `e${n === 320 ? 7 : n}`, visitor_id: "v" }),
    );
    await appendSegments(
      env.DB,
      [events[150], events[151]].flatMap((event) => event ?? []),
    );
    expect((await appendSegments(env.DB, events)).stored).toBe(450 - 2 - 1);
    const ids = events.map(({ event_id }) => event_id);
    const expected = ["e150", "e151", ...ids.filter((_, n) => n !== 150 && n !== 151 && n !== 320)];
    const log = await logged();
    expect(log.map(({ event }) => event.event_id)).toEqual(expected);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  });

  it("splits what is too large for a segment, by number and by size", async () => {
    const large = Array.from({ length: 40 }, (_, n) =>
      storedEvent({
        project_id: "one",
        event_type: "visit",
        event_id: `l${n}`,
        player_id: "p",
        data: `"${"x".repeat(30_000)}"`,
      }),
    );
    const many = Array.from({ length: 250 }, (_, n) =>
      storedEvent({ project_id: "one", event_type: "visit", event_id: `m${n}`, player_id: "p" }),
    );
    expect(await appendSegments(env.DB, [...large, ...many])).toEqual({
      stored: 290,
      first_seq: 1,
      last_seq: 290,
      taken: { tables: 0, figures: 0 },
      has_targets: true,
    });
    const { results } = await env.DB.prepare(
      "SELECT max(events) AS most, max(length(body)) AS longest FROM log_segments",
    ).all();
    expect(results[0]).toMatchObject({ most: 100 });
    expect(Number(results[0]?.longest)).toBeLessThan(700_000);
  });
});
