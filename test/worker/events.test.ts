import { createExecutionContext, env, SELF, waitOnExecutionContext } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { BatchAnswer, EventResult } from "../../worker/collect/batch.ts";
import type { EventMessage } from "../../worker/event.ts";
import worker from "../../worker/index.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, figuresIn, keepToTables, settle } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const HOST = "https://events.example";
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
let collect: string;
let viewer: string;

beforeAll(async () => {
  await createProject("game", { currency: "EUR" });
  collect = await makeApiKey({ project_id: "game", role: "collect" });
  viewer = await makeApiKey({ project_id: "game", role: "viewer" });
});

type Sending = { key?: string | null; headers?: Record<string, string>; path?: string };
const post = (body: BodyInit, { key = collect, headers = {}, path = "/api/v1/events" }: Sending = {}) =>
  SELF.fetch(HOST + path, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...(key && bearer(key)), ...headers },
  });
const send = (body: unknown, sending?: Sending) => post(JSON.stringify(body), sending);

const spin = (more: object = {}) => ({ event_type: "spin", player_id: "p1", ...more });

async function gzip(text: string): Promise<Uint8Array> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

describe("one event", () => {
  it("is accepted with its id, or one made for it", async () => {
    const own = await send(spin({ event_id: "mine-1" }));
    expect(own.status).toBe(202);
    expect(await own.json()).toEqual({ status: "accepted", event_id: "mine-1" });
    const made = await (await send(spin())).json<{ event_id: string }>();
    expect(made.event_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it("is refused with every bad field named", async () => {
    const response = await send({ event_type: "Spin!", amount: 5, timestamp: "soon" });
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = await response.json<{ errors: { field: string }[]; results: EventResult[] }>();
    expect(problem.errors.map((error) => error.field)).toEqual(["event_type", "timestamp", "player_id", "currency"]);
    expect(problem.results).toMatchObject([{ index: 0, status: "rejected", event_id: null }]);
  });

  it("may come as text, as a beacon sends it, and under the older names", async () => {
    expect((await send(spin(), { headers: { "content-type": "text/plain;charset=UTF-8" } })).status).toBe(202);
    for (const path of ["/v1/events", "/api/events"]) expect((await send(spin(), { path })).status).toBe(202);
  });

  it.each<[string, object, string | null]>([
    ["numbers as numbers", { amount: 19.99, currency: "EUR", score: 1500, timestamp: Date.now() }, null],
    ["money as text", { amount: "0.0001", currency: "KWD" }, null],
    ["money finer than four places", { amount: 0.00001, currency: "EUR" }, "amount"],
    ["money that a float cannot hold", { amount: 1e21, currency: "EUR" }, "amount"],
    ["a nested object in data", { data: { a: { b: [1, null, "c"] } } }, null],
    ["a list as data", { data: [1] }, "data"],
    ["text as data", { data: "x" }, "data"],
    ["data over 8 KB", { data: { a: "x".repeat(8_192) } }, "data"],
    ["data nested too deep", { data: JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) }, "data"],
    ["a lone surrogate in data", { data: { a: "\ud800" } }, "data"],
    ["a lone surrogate in an id", { player_id: "\udfff" }, "player_id"],
    ["a whole number as a player", { player_id: 5 }, null],
    ["a fraction as a player", { player_id: 5.5 }, "player_id"],
    ["an object as a tag", { banner_tag: {} }, "banner_tag"],
    ["a score as a fraction", { score: 1.5 }, "score"],
    ["30 days old", { timestamp: Date.now() - 30 * DAY }, null],
    ["32 days old", { timestamp: Date.now() - 32 * DAY }, "timestamp"],
    ["6 minutes ahead", { timestamp: Date.now() + 6 * MINUTE }, "timestamp"],
    ["another project", { project_id: "default" }, "project_id"],
    ["keys of its own, which land in data", { level: 9, boss: { name: "b" } }, null],
    ["an event of more than 32 KB", { note: "x".repeat(33_000) }, "event"],
    ["the other names", { game_id: "g", btag: "b" }, null],
    ["both names for one thing", { game_id: "g", app_id: "a" }, "app_id"],
  ])("with %s", async (_, more, field) => {
    const response = await send(spin(more));
    const body = await response.json<{ errors?: { field: string }[] }>();
    expect([response.status, body.errors?.[0]?.field ?? null]).toEqual([field === null ? 202 : 400, field]);
  });
});

describe("a batch", () => {
  it("of 500 mixed events gets the right outcome at each index", async () => {
    const kinds = [
      { event: () => spin(), field: null },
      { event: (n: number) => spin({ event_id: `batch-${n}` }), field: null },
      { event: () => spin({ amount: "5" }), field: "currency" },
      { event: () => ({ event_type: "spin" }), field: "player_id" },
      { event: () => spin({ event_type: "Bad" }), field: "event_type" },
      { event: () => "not an object", field: "event" },
      { event: () => spin({ timestamp: 5 }), field: "timestamp" },
    ];
    const kindOf = (index: number) => kinds[(index * 5) % kinds.length] as (typeof kinds)[number];
    const events = Array.from({ length: 500 }, (_, index) => kindOf(index).event(index));
    const response = await send({ events });
    expect(response.status).toBe(202);
    const answer = await response.json<BatchAnswer>();
    const good = events.filter((_, index) => kindOf(index).field === null).length;
    expect([answer.accepted, answer.rejected, answer.results.length]).toEqual([good, 500 - good, 500]);
    for (const [index, result] of answer.results.entries()) {
      const { field } = kindOf(index);
      expect(result.index).toBe(index);
      if (field === null)
        expect(result).toMatchObject({
          status: "accepted",
          event_id: (events[index] as { event_id?: string }).event_id ?? expect.any(String),
        });
      else
        expect(result).toMatchObject({
          status: "rejected",
          event_id: null,
          errors: [{ field, code: expect.any(String), message: expect.any(String) }],
        });
    }
    const stored = new Set(answer.results.flatMap((result) => (result.status === "accepted" ? [result.event_id] : [])));
    await vi.waitFor(
      async () => {
        const { results } = await env.DB.prepare("SELECT event_id FROM events WHERE project_id = 'game'").all<{
          event_id: string;
        }>();
        expect(stored.difference(new Set(results.map((row) => row.event_id))).size).toBe(0);
      },
      { timeout: 200_000, interval: 100 },
    );
  });

  it("may be an array, and an array of one is answered as a batch", async () => {
    expect(await (await send([spin({ event_id: "array-1" })])).json()).toEqual({
      status: "accepted",
      accepted: 1,
      rejected: 0,
      results: [{ index: 0, status: "accepted", event_id: "array-1" }],
    });
  });

  it("is refused as a whole when no event in it can be accepted", async () => {
    const response = await send([{ event_type: "spin" }, 5]);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      results: [
        { index: 0, status: "rejected" },
        { index: 1, status: "rejected" },
      ],
    });
    expect((await send([])).status).toBe(400);
  });

  it("may be compressed with gzip, within the limit of its decompressed size", async () => {
    const packed = await gzip(JSON.stringify([spin({ event_id: "gzip-1" })]));
    expect((await post(packed, { headers: { "content-encoding": "gzip" } })).status).toBe(202);
    const bomb = await gzip(`[${" ".repeat(20_000_000)}]`);
    expect(bomb.length).toBeLessThan(50_000);
    expect((await post(bomb, { headers: { "content-encoding": "gzip" } })).status).toBe(413);
    expect((await post("plain", { headers: { "content-encoding": "gzip" } })).status).toBe(415);
    expect((await post("x", { headers: { "content-encoding": "br" } })).status).toBe(415);
  });
});

describe("a request", () => {
  it.each<[string, () => Promise<Response>, number]>([
    ["without a key", () => send(spin(), { key: null }), 401],
    ["with a key that is none", () => send(spin(), { key: `ep_${"0".repeat(16)}_${"0".repeat(48)}` }), 401],
    ["with a key that can only read", () => send(spin(), { key: viewer }), 403],
    ["for another project", () => send(spin(), { path: "/api/v1/events?project_id=default" }), 403],
    ["of 501 events", () => send(Array.from({ length: 501 }, () => spin())), 413],
    ["of more than 512 KB", () => post(`[${JSON.stringify(spin())}${" ".repeat(530_000)}]`), 413],
    ["that is no JSON", () => post("event_type=spin"), 415],
    ["that is broken JSON", () => post('{"event_type":'), 415],
    ["that is no UTF-8", () => post(new Uint8Array([0x22, 0xff, 0x22])), 415],
    ["that is empty", () => post(""), 415],
    ["by GET", () => SELF.fetch(`${HOST}/api/v1/events`, { headers: bearer(collect) }), 403],
  ])("%s", async (_, ask, status) => {
    const response = await ask();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    await response.body?.cancel();
  });
});

/** The queue, which counts its sends and fails the chosen ones. */
function faultyQueue(fails: (nth: number) => boolean): Env {
  let sends = 0;
  const EVENTS = new Proxy(env.EVENTS, {
    get: (queue, name) =>
      name === "sendBatch"
        ? async (messages: MessageSendRequest<EventMessage>[]) => {
            if (fails(++sends)) throw new Error("queue overloaded");
            return queue.sendBatch(messages);
          }
        : Reflect.get(queue, name),
  });
  return { ...env, EVENTS };
}

describe("a batch too large for one message", () => {
  /** Some 340 KB of events without ids: more than one send. */
  const batch = (event_type: string) =>
    JSON.stringify(
      Array.from({ length: 450 }, (_, n) => ({ event_type, player_id: `p${n}`, data: { note: "x".repeat(700) } })),
    );
  const stored = async (event_type: string) =>
    (
      await env.DB.prepare("SELECT count(*) AS n FROM events WHERE event_type = ?")
        .bind(event_type)
        .first<{ n: number }>()
    )?.n;
  const expectStored = (event_type: string, n: number) =>
    vi.waitFor(async () => expect(await stored(event_type)).toBe(n), { timeout: 200_000, interval: 100 });
  const attempt = async (body: string, bindings: Env = env, headers: Record<string, string> = {}) => {
    const context = createExecutionContext();
    const request = new Request(`${HOST}/api/v1/events`, {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${collect}`, ...headers },
    });
    const response = await worker.fetch(request, bindings, context);
    await waitOnExecutionContext(context);
    return response;
  };
  const idsOf = async (response: Response) =>
    (await response.json<BatchAnswer>()).results.map((result) => result.event_id);

  it("that was half sent counts once when it is retried, and twice when it is sent twice on purpose", async () => {
    const large = batch("level_up");
    const bindings = faultyQueue((nth) => nth === 2);
    const refused = await attempt(large, bindings);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    // Some of these events are in the log by now.
    await vi.waitFor(async () => expect(await stored("level_up")).toBeGreaterThan(0), {
      timeout: 200_000,
      interval: 100,
    });
    expect(await stored("level_up")).toBeLessThan(450);
    expect((await attempt(large, bindings)).status).toBe(202);
    await expectStored("level_up", 450);
    expect((await attempt(large, bindings)).status).toBe(202);
    await expectStored("level_up", 900);
  });

  it("with the same content as others at the same moment is stored as often as it is accepted", async () => {
    const large = batch("equal");
    const answers = await Promise.all(Array.from({ length: 6 }, () => attempt(large)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(6).fill(202));
    expect(new Set((await Promise.all(answers.map(idsOf))).flat()).size).toBe(6 * 450);
    await expectStored("equal", 6 * 450);
  });

  it("that failed at the same moment as equal ones gives each retry the ids of one failed attempt", async () => {
    const large = batch("equal_failed");
    // The first send of each of the three goes through, the others fail.
    const bindings = faultyQueue((nth) => nth > 3);
    const failed = await Promise.all(Array.from({ length: 3 }, () => attempt(large, bindings)));
    expect(failed.map((answer) => answer.status)).toEqual([503, 503, 503]);
    const answers = await Promise.all(Array.from({ length: 4 }, () => attempt(large)));
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202]);
    await expectStored("equal_failed", 4 * 450);
  });

  it("is a new one if an equal one failed long ago, whose record is then removed", async () => {
    const large = batch("long_ago");
    expect(
      (
        await attempt(
          large,
          faultyQueue((nth) => nth === 2),
        )
      ).status,
    ).toBe(503);
    const sent = (await stored("long_ago")) ?? 0;
    await env.DB.prepare("UPDATE failed_batches SET failed_at = failed_at - 600000").run();
    const notes = await env.DB.prepare("SELECT seed FROM failed_batches").all<{ seed: string }>();
    const ids = await idsOf(await attempt(large));
    expect(notes.results.some(({ seed }) => ids.some((id) => id?.startsWith(seed)))).toBe(false);
    expect(sent).toBeLessThan(450);
    expect(
      (
        await attempt(
          batch("another"),
          faultyQueue(() => true),
        )
      ).status,
    ).toBe(503);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM failed_batches").first()).toEqual({ n: 1 });
  });
});

describe("an Idempotency-Key", () => {
  const repeat = async (key: string, body: unknown) => {
    const response = await send(body, { headers: { "idempotency-key": key } });
    expect(response.status).toBe(202);
    const answer = await response.json<BatchAnswer>();
    return answer.results.map((result) => result.event_id);
  };

  it("makes a body without ids count once, and a different body with the same key count as well", async () => {
    const body = [
      { event_type: "keyed", player_id: "p1" },
      { event_type: "keyed" },
      { event_type: "keyed", player_id: "p1" },
    ];
    const ids = await repeat("order-7", body);
    expect(new Set(ids).size).toBe(3);
    expect(await repeat("order-7", body)).toEqual(ids);
    for (const other of [await repeat("order-8", body), await repeat("order-7", body.slice(2))])
      expect(other.filter((id) => id !== null && ids.includes(id))).toEqual([]);
    const count = () => env.DB.prepare("SELECT count(*) AS n FROM events WHERE event_type = 'keyed'").first();
    await vi.waitFor(async () => expect(await count()).toEqual({ n: 5 }), { timeout: 200_000, interval: 100 });
  });

  it.each(["", "two words", "x".repeat(256)])("that is %j is refused, with its rule", async (key) => {
    const response = await send(spin(), { headers: { "idempotency-key": key } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: "Idempotency-Key", code: "invalid" }] });
  });
});

describe("transactions", () => {
  it("100 identical deposits at once count as one; the other 99 are kept as its duplicates", async () => {
    await createProject("bank", { currency: "EUR" });
    const key = await makeApiKey({ project_id: "bank", role: "collect" });
    const deposit = {
      event_type: "deposit",
      player_id: "p",
      banner_tag: "t",
      amount: "25.00",
      currency: "EUR",
      transaction_id: "tx-1",
    };
    const responses = await Promise.all(Array.from({ length: 100 }, () => send(deposit, { key })));
    expect(responses.every((response) => response.status === 202)).toBe(true);
    await Promise.all(responses.map((response) => response.body?.cancel()));
    const tally = () =>
      env.DB.prepare(
        "SELECT count(*) AS stored, count(duplicate_of) AS duplicates FROM events WHERE project_id = 'bank'",
      ).first();
    await vi.waitFor(async () => expect(await tally()).toEqual({ stored: 100, duplicates: 99 }), {
      timeout: 200_000,
      interval: 100,
    });
    await settle();
    const { daily_metrics, money_summary } = await figuresIn("bank");
    expect(Object.values(daily_metrics)).toEqual([{ count: 1, total: 1 }]);
    expect(Object.values(money_summary)).toEqual([{ total: 1, whole: 25, fraction: 0 }]);
  });
});
