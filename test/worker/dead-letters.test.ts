import { createExecutionContext, createMessageBatch, env, getQueueResult } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { EventMessage, StoredEvent } from "../../worker/event.ts";
import worker from "../../worker/index.ts";
import { call, read } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, DEAD_LETTER_QUEUE, deliver, figuresIn, keepToTables, settle, storedEvent } from "./log.ts";
import { figuresOf } from "./oracle.ts";

// It looks into the tables.
beforeAll(keepToTables);

const letters = (method: string, path: string, body?: unknown, headers?: HeadersInit) =>
  call(method, `/dead-letters${path}`, body, headers);
type Letters = {
  rows: {
    id: number;
    event_id: string;
    error: string;
    consumer: string;
    failed_at: string;
    status: string;
    event: StoredEvent;
    sent: Record<string, unknown>;
  }[];
  next_cursor: number | null;
};
const list = async (query: string) => (await letters("GET", `?${query}`)).json<Letters>();

/** A thousand events of all kinds, in messages of a hundred. */
function thousand(project_id: string): StoredEvent[] {
  return Array.from({ length: 1_000 }, (_, n) =>
    storedEvent({
      project_id,
      event_type: ["visit", "registration", "deposit"][n % 3] as string,
      event_id: `l${n}`,
      player_id: `p${n % 90}`,
      banner_tag: n % 4 === 0 ? null : `t${n % 5}`,
      timestamp: Date.parse("2026-05-01T00:00:00Z") + n * 60_000,
      amount: n % 3 === 2 ? n * 100 : null,
      currency: n % 3 === 2 ? "EUR" : null,
      transaction_id: n % 3 === 2 ? `tx${n % 300}` : null,
    }),
  );
}
const inMessages = (events: StoredEvent[]) =>
  Array.from({ length: 10 }, (_, index) => ({ events: events.slice(index * 100, index * 100 + 100) }));

async function replayAll(project_id: string) {
  const answer = await (await letters("POST", "/replay", { all: true, project_id })).json<{
    replayed: number;
    failed: number;
  }>();
  await settle();
  return answer;
}

describe("a log that fails for a long time", () => {
  it("loses nothing: a thousand events come back by replay, and replaying again changes nothing", async () => {
    await createProject("outage");
    const events = thousand("outage");
    const DB = new Proxy(env.DB, {
      get: (database, name) =>
        name === "batch"
          ? () => Promise.reject(new Error("D1_ERROR: database is down"))
          : Reflect.get(database, name).bind(database),
    });
    const refused = await deliver(inMessages(events), { ...env, DB });
    expect(refused.messages.length).toBe(10);
    expect(await figuresIn("outage")).toMatchObject({ daily_metrics: {} });
    // After its retries the queue hands the messages to the dead-letter queue.
    await deliver(inMessages(events), env, DEAD_LETTER_QUEUE);
    const waiting = await list("project_id=outage&status=waiting&limit=1000");
    expect(waiting.rows.length).toBe(1_000);
    expect(waiting.rows.at(-1)).toMatchObject({
      event_id: "l0",
      consumer: "event-log",
      error: expect.stringContaining("tries"),
      status: "waiting",
      event: events[0],
    });

    expect(await replayAll("outage")).toMatchObject({ replayed: 1_000, failed: 0 });
    const truth = figuresOf(events, 30);
    expect(await figuresIn("outage")).toEqual(truth);

    expect(await replayAll("outage")).toMatchObject({ replayed: 0, failed: 0 });
    // The same messages die once more: the log has their events, so there is nothing to replay.
    const stranger = { ...(events[0] as StoredEvent), trusted: 1 as const };
    await deliver([...inMessages(events), { events: [stranger] }], env, DEAD_LETTER_QUEUE);
    // A signed event under the id of an unsigned one is another event.
    expect((await list("project_id=outage&status=waiting")).rows.map(({ event }) => event)).toEqual([stranger]);
    expect(await replayAll("outage")).toMatchObject({ replayed: 1, failed: 0 });
    expect(await figuresIn("outage")).toEqual(truth);
  });
});

/** Runs the consumer with messages on the free plan. */
async function consumed(messages: Parameters<typeof createMessageBatch<EventMessage>>[1]) {
  const batch = createMessageBatch<EventMessage>("edgepixel-events", messages);
  await worker.queue(batch, { ...env, PLAN: "free" });
  return getQueueResult(batch, createExecutionContext());
}

describe("a batch that is larger than an invocation can store", () => {
  it("is stored in parts: the events that do not fit are delivered again", async () => {
    await createProject("large");
    const data = JSON.stringify({ text: "x".repeat(8_000) });
    const sent = Array.from({ length: 70 }, (_, n) => ({
      id: `message-${n}`,
      timestamp: new Date(),
      attempts: 1,
      body: {
        events: Array.from({ length: 14 }, () =>
          storedEvent({ project_id: "large", event_type: "visit", player_id: "p", data }),
        ),
        request_ids: [],
      },
    }));
    let waiting = sent;
    for (let deliveries = 1; waiting.length > 0; deliveries++) {
      const { explicitAcks, retryMessages } = await consumed(waiting);
      expect(explicitAcks.length).toBeGreaterThan(0);
      expect(explicitAcks.length + retryMessages.length).toBe(waiting.length);
      if (deliveries === 1) expect(retryMessages.length).toBeGreaterThan(0);
      waiting = waiting.filter(({ id }) => !explicitAcks.includes(id));
    }
    expect(await env.DB.prepare("SELECT count(*) AS n FROM events WHERE project_id = 'large'").first("n")).toBe(
      70 * 14,
    );
  });
});

describe("an event that can never be stored", () => {
  it("is set aside alone, with its error; the others of its batch are stored", async () => {
    await createProject("poison");
    const events = Array.from({ length: 50 }, (_, n) =>
      storedEvent({
        project_id: "poison",
        event_type: "visit",
        event_id: `x${n}`,
        player_id: `p${n}`,
        banner_tag: "t",
      }),
    );
    // A statement of D1 itself that fails for one event.
    await env.DB.exec(
      "CREATE TRIGGER cursed BEFORE INSERT ON events WHEN NEW.event_id = 'x17' BEGIN SELECT RAISE(ABORT, 'cursed'); END",
    );
    await deliver([{ events }]);
    const { rows } = await list("project_id=poison");
    expect(rows.map((row) => [row.event_id, row.status])).toEqual([["x17", "waiting"]]);
    expect(rows[0]?.error).toContain("cursed");
    expect(await env.DB.prepare("SELECT count(*) AS n FROM events WHERE project_id = 'poison'").first()).toEqual({
      n: 49,
    });
    const again = await (await letters("POST", "/replay", { ids: [rows[0]?.id] })).json<{
      failed: number;
      results: { error: string }[];
    }>();
    expect(again).toMatchObject({
      replayed: 0,
      failed: 1,
      results: [{ status: "failed", error: expect.stringContaining("cursed") }],
    });
    await env.DB.exec("DROP TRIGGER cursed");
    expect(await replayAll("poison")).toMatchObject({ replayed: 1, failed: 0 });
    expect(Object.values((await figuresIn("poison")).daily_metrics)).toEqual([{ count: 50, total: 50 }]);
  });

  it("is found in a later delivery if one cannot try them all; the others are stored and acknowledged", async () => {
    await createProject("many");
    const events = Array.from({ length: 60 }, (_, n) =>
      storedEvent({
        project_id: "many",
        event_type: "visit",
        event_id: `${n % 3 ? "good" : "bad"}-${n}`,
        player_id: "p",
      }),
    );
    await env.DB.exec(
      "CREATE TRIGGER cursed BEFORE INSERT ON events WHEN NEW.event_id LIKE 'bad-%' BEGIN SELECT RAISE(ABORT, 'cursed'); END",
    );
    const body = { events, request_ids: [] };
    let attempts = 1;
    for (; ; attempts++) {
      const message = { id: "many", timestamp: new Date(), attempts, body };
      const { explicitAcks, retryMessages } = await consumed([message]);
      if (explicitAcks.length > 0) break;
      expect(retryMessages).toMatchObject([{ msgId: "many" }]);
      expect(attempts).toBeLessThan(20);
    }
    expect(attempts).toBeGreaterThan(1);
    await env.DB.exec("DROP TRIGGER cursed");
    const { rows } = await list("project_id=many&limit=100");
    expect(rows.map(({ event_id }) => event_id).sort()).toEqual(
      events.flatMap(({ event_id }) => (event_id.startsWith("bad") ? [event_id] : [])).sort(),
    );
    expect(await env.DB.prepare("SELECT count(*) AS n FROM events WHERE project_id = 'many'").first("n")).toBe(40);
    expect(await replayAll("many")).toMatchObject({ replayed: 20, failed: 0 });
  });

  it("is set aside, too, if the message is no list of events", async () => {
    await deliver([
      { nonsense: true } as never,
      { events: [storedEvent({ project_id: "default", event_type: "beside_nonsense", player_id: "p" })] },
    ]);
    const { rows } = await list("limit=1");
    expect(rows[0]).toMatchObject({ event_id: null, event: { nonsense: true }, sent: {}, status: "waiting" });
    expect(
      await env.DB.prepare("SELECT count(*) AS n FROM events WHERE event_type = 'beside_nonsense'").first(),
    ).toEqual({ n: 1 });
    const id = rows[0]?.id;
    expect(await (await letters("POST", "/replay", { ids: [id] })).json()).toMatchObject({ replayed: 0, failed: 1 });
    expect((await letters("PATCH", `/${id}`, { event: { event_type: "visit" } })).status).toBe(400);
    expect(
      (await letters("PATCH", `/${id}`, { event: { event_type: "was_nonsense", player_id: "p", event_id: "fixed" } }))
        .status,
    ).toBe(200);
    expect(await (await letters("POST", "/replay", { ids: [id] })).json()).toMatchObject({ replayed: 1 });
    expect(await env.DB.prepare("SELECT player_id FROM events WHERE event_id = 'fixed'").first()).toEqual({
      player_id: "p",
    });
  });
});

describe("letters", () => {
  it("are listed by page, edited by the rules of events and discarded, with every act in the audit log", async () => {
    await createProject("desk");
    const events = Array.from({ length: 5 }, (_, n) =>
      storedEvent({
        project_id: "desk",
        event_type: "deposit",
        event_id: `d${n}`,
        player_id: "p",
        amount: 105_000,
        currency: "EUR",
        data: '{"a":1}',
      }),
    );
    await deliver([{ events }], env, DEAD_LETTER_QUEUE);
    const first = await list("project_id=desk&limit=3");
    const second = await list(`project_id=desk&limit=3&cursor=${first.next_cursor}`);
    expect([first.rows.length, second.rows.length, second.next_cursor]).toEqual([3, 2, null]);

    const [a, b, c] = first.rows.map((row) => row.id);
    expect(first.rows[0]?.sent).toMatchObject({ event_id: "d4", amount: "10.50", currency: "EUR", data: { a: 1 } });
    expect(first.rows[0]?.sent).not.toHaveProperty("received_at");
    const bad = await letters("PATCH", `/${a}`, { event: { amount: "-1" } });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ errors: [{ field: "amount", code: "invalid" }] });
    const edited = await (
      await letters("PATCH", `/${a}`, { event: { amount: "20.25", banner_tag: "fixed", event_id: "another" } })
    ).json<{ event: StoredEvent }>();
    expect(edited.event).toMatchObject({
      event_id: "d4",
      amount: 202_500,
      currency: "EUR",
      banner_tag: "fixed",
      data: '{"a":1}',
    });
    expect((await letters("DELETE", `/${b}`)).status).toBe(204);
    expect((await letters("DELETE", `/${b}`)).status).toBe(204);
    expect((await letters("PATCH", `/${b}`, { event: { banner_tag: "x" } })).status).toBe(409);
    expect(await (await letters("POST", "/discard", { ids: [b, c] })).json()).toMatchObject({ discarded: 1 });
    expect(await replayAll("desk")).toMatchObject({ replayed: 3 });
    expect(await env.DB.prepare("SELECT banner_tag, amount FROM events WHERE event_id = 'd4'").first()).toEqual({
      banner_tag: "fixed",
      amount: 202_500,
    });
    expect((await list("project_id=desk&status=discarded")).rows.length).toBe(2);
    expect((await letters("GET", "/999999")).status).toBe(404);

    const audit = await read<{ rows: { action: string }[] }>("/audit?limit=6");
    const actions = audit.rows.map((row) => row.action);
    expect(actions.slice(0, 4)).toEqual([
      "dead_letter.replay",
      "dead_letter.discard",
      "dead_letter.discard",
      "dead_letter.edit",
    ]);
  });

  it("are replayed and discarded by up to a thousand ids", async () => {
    await createProject("pile");
    const events = Array.from({ length: 300 }, (_, n) =>
      storedEvent({ project_id: "pile", event_type: "visit", event_id: `v${n}`, player_id: "p" }),
    );
    await deliver([{ events }], env, DEAD_LETTER_QUEUE);
    const ids = (await list("project_id=pile&limit=1000")).rows.map(({ id }) => id);
    expect(await (await letters("POST", "/replay", { ids: ids.slice(0, 150) })).json()).toMatchObject({
      replayed: 150,
    });
    expect(await (await letters("POST", "/discard", { ids })).json()).toMatchObject({ discarded: 150 });
  });

  it("are shown unchanged when their data cannot be read", async () => {
    await createProject("broken");
    const event = storedEvent({ project_id: "broken", event_type: "visit", event_id: "b", data: "{" });
    await deliver([{ events: [event] }], env, DEAD_LETTER_QUEUE);
    expect((await list("project_id=broken")).rows).toMatchObject([{ event, sent: { event_id: "b", data: "{" } }]);
  });

  it("of one project are hidden from keys of others", async () => {
    const key = await makeApiKey({ project_id: "desk", role: "admin" });
    const headers = bearer(key);
    const { rows } = await (await letters("GET", "?limit=1000", undefined, headers)).json<{
      rows: { project_id: string }[];
    }>();
    expect(new Set(rows.map((row) => row.project_id))).toEqual(new Set(["desk"]));
    const foreign = (await list("project_id=poison")).rows[0]?.id;
    expect((await letters("GET", `/${foreign}`, undefined, headers)).status).toBe(404);
    expect((await letters("DELETE", `/${foreign}`, undefined, headers)).status).toBe(404);
  });
});
