/** The client's pure functions: the meaning of an answer, pauses, and the size of a request. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, parseRetryAfter } from "../../pixel/client/answer.ts";
import { bodyOf, bytesOf, type Item, SENT_AT_BYTES, sizeOf, take } from "../../pixel/client/batch.ts";
import { type Breaker, CLOSED, coolDown, fail, pause } from "../../pixel/client/breaker.ts";
import { newId } from "../../pixel/client/id.ts";

const NOW = Date.UTC(2026, 0, 1);

describe("Retry-After", () => {
  it.each<[string | null, number]>([
    ["5", 5_000],
    [" 120 ", 120_000],
    ["0", 0],
    [new Date(NOW + 30_000).toUTCString(), 30_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    [new Date(NOW - 30_000).toUTCString(), 0],
    ["soon", 0],
    ["", 0],
    [null, 0],
  ])("%j is %d ms", (value, ms) => expect(parseRetryAfter(value, NOW)).toBe(ms));
});

describe("an answer", () => {
  const results = (...statuses: ("accepted" | "rejected")[]) =>
    statuses.map((status, index) => ({ index, status, errors: status === "rejected" ? [{ field: "f" }] : undefined }));
  const read = (status: number, body: unknown, events = 2) =>
    judge(status, "7", typeof body === "string" ? body : JSON.stringify(body), events, NOW);

  it("of 202 or 400 with results is judged by index, in whatever order", () => {
    const judged = { kind: "judged", errors: [null, [{ field: "f" }]] };
    expect(read(202, { results: results("accepted", "rejected") })).toEqual(judged);
    expect(read(202, { results: results("accepted", "rejected").reverse() })).toEqual(judged);
    expect(read(400, { results: results("rejected", "rejected") })).toMatchObject({ kind: "judged" });
  });

  it.each<[string, unknown]>([
    ["a proxy's page", "<html>Welcome to the hotel</html>"],
    ["nothing", ""],
    ["half of it", '{"results":[{"index":0,'],
    ["too few results", { results: results("accepted") }],
    ["too many results", { results: results("accepted", "accepted", "accepted") }],
    ["one index twice", { results: [results("accepted")[0], results("accepted")[0]] }],
    ["no indexes", { results: [null, {}] }],
    ["null", null],
  ])("of 202 with %s accepts nothing", (_, body) => expect(read(202, body)).toEqual({ kind: "failed", after: 7_000 }));

  it.each([408, 429, 500, 502, 503, 504, 599])("of %d is tried again, when the server says", (status) =>
    expect(read(status, { detail: "no" })).toEqual({ kind: "failed", after: 7_000 }),
  );

  it.each([301, 400, 401, 403, 404, 405, 415])("of %d is final", (status) =>
    expect(read(status, { detail: "no" })).toEqual({
      kind: "refused",
      errors: [{ field: "request", code: `http_${status}`, message: "no" }],
    }),
  );

  it("of 413 splits a batch, and refuses one event", () => {
    expect(read(413, {}, 2)).toEqual({ kind: "too large" });
    expect(read(413, {}, 1)).toMatchObject({ kind: "refused", errors: [{ code: "http_413" }] });
  });
});

describe("the breaker", () => {
  const policy = { failures: 3, coolDown: 1_000, longestCoolDown: 3_000, first: 100, longest: 100 };
  const failing = (start: Breaker, times: number) =>
    Array.from({ length: times }).reduce<Breaker>((breaker) => fail(breaker, policy), start);

  it("opens at the last of so many failures in a row", () => {
    expect(failing(CLOSED, 2)).toEqual({ state: "closed", failures: 2, openings: 0 });
    expect(failing(CLOSED, 3)).toEqual({ state: "open", failures: 3, openings: 1 });
    expect(failing(CLOSED, 4)).toEqual({ state: "open", failures: 4, openings: 1 });
  });

  it("opens again at one failure of its probe", () => {
    const probing = coolDown(failing(CLOSED, 3));
    expect(probing.state).toBe("half-open");
    expect(fail(probing, policy)).toMatchObject({ state: "open", openings: 2 });
    expect(coolDown(CLOSED)).toBe(CLOSED);
  });

  it("stays open longer each time, up to a cap", () => {
    const waits = [1, 2, 3, 4].map((openings) => pause({ state: "open", failures: 9, openings }, 0, policy, () => 0));
    expect(waits).toEqual([1_000, 2_000, 3_000, 3_000]);
  });
});

describe("back-off", () => {
  const policy = { failures: 50, coolDown: 1_000, longestCoolDown: 3_000, first: 500, longest: 30_000 };

  it("has full jitter under a ceiling that doubles up to a cap", () => {
    const ceilings = Array.from({ length: 9 }, (_, n) =>
      pause({ state: "closed", failures: n + 1, openings: 0 }, 0, policy, () => 1),
    );
    expect(ceilings).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("is never less than the server asks for, never over an hour, and random beyond", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("closed" as const, "open" as const, "half-open" as const),
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (state, failures, openings, asked, chance) => {
          const ms = pause({ state, failures, openings }, asked, policy, () => chance);
          expect(ms).toBeGreaterThanOrEqual(Math.min(asked, 3_600_000));
          expect(ms).toBeLessThanOrEqual(3_600_000);
          if (state === "open") expect(ms).toBeGreaterThanOrEqual(1_000);
          if (state === "closed") expect(ms).toBeLessThanOrEqual(asked + 30_000);
        },
      ),
    );
  });
});

describe("a batch", () => {
  const item = (json: string): Item => ({
    json,
    bytes: bytesOf(json) + SENT_AT_BYTES,
    sequence: 1,
    at: NOW,
    busy: false,
    tried: false,
    settled: false,
  });

  it("holds what fits, in order, and one event at least", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 50 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 1_800 }),
        (texts, most, bytes) => {
          const items = texts.map((text) => item(JSON.stringify({ text })));
          const batch = take(items, most, bytes);
          const body = bodyOf(batch, NOW);
          expect(JSON.parse(body)).toEqual({
            events: texts.slice(0, batch.length).map((text) => ({ text, sent_at: NOW })),
          });
          expect(bytesOf(body)).toBeLessThanOrEqual(sizeOf(batch));
          expect(batch.length).toBeLessThanOrEqual(most);
          if (batch.length > 1) expect(sizeOf(batch)).toBeLessThanOrEqual(bytes);
          const next = items[batch.length];
          // The batch is as full as possible.
          if (next && batch.length < most)
            expect(sizeOf([...batch, next])).toBeGreaterThan(batch.length > 0 ? bytes : 0);
          expect(batch.length > 0).toBe(items.length > 0);
        },
      ),
    );
  });
});

it("ids are UUIDv7 of their time, and differ", () => {
  const made = Array.from({ length: 1_000 }, () => newId(NOW));
  expect(new Set(made).size).toBe(1_000);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt((made[0] as string).replaceAll("-", "").slice(0, 12), 16)).toBe(NOW);
  expect(newId(NOW) < newId(NOW + 1)).toBe(true);
});
