import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { EventMessage } from "../../worker/event.ts";
import worker from "../../worker/index.ts";
import { HOST, requestWith } from "./api.ts";
import { createProject, deliver, figuresIn, keepToTables, settle, storedEvent } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

/** The real queue, which the paid plan sends to at once, with faults: `fails` decides whether a send fails. */
function faulty(fails: (send: number) => boolean): { bindings: Env; sends: () => number } {
  let sends = 0;
  const EVENTS = new Proxy(env.EVENTS, {
    get: (queue, name) =>
      name === "send"
        ? async (message: EventMessage) => {
            const number = ++sends;
            await scheduler.wait(5);
            if (fails(number)) throw new Error("queue overloaded");
            return queue.send(message);
          }
        : Reflect.get(queue, name),
  });
  return { bindings: { ...env, PLAN: "paid", EVENTS }, sends: () => sends };
}

const visit = (bindings: Env, project_id: string, player: number): Promise<Response> =>
  requestWith(
    bindings,
    new Request(`${HOST}/visit?project_id=${project_id}&player_id=p${player}&btag=t&event_id=e${player}`),
  );

const storedIds = async (project_id: string) =>
  (
    await env.DB.prepare("SELECT event_id FROM events WHERE project_id = ?")
      .bind(project_id)
      .all<{ event_id: string }>()
  ).results.map((row) => row.event_id);

describe("the answer follows durability", () => {
  it("503 with Retry-After while the queue refuses messages, and 200 once it accepts them", async () => {
    let broken = true;
    const { bindings } = faulty(() => broken);
    const refused = await visit(bindings, "default", 1);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(refused.headers.get("x-event-status")).toBe("unavailable");
    broken = false;
    expect((await visit(bindings, "default", 1)).status).toBe(200);
  });

  it("the snippet, if it can send images only, gets no image for an event that it must send again", async () => {
    const { bindings } = faulty((send) => send <= 4);
    const type = async (query: string, dest: string) => {
      const request = new Request(`${HOST}/visit?player_id=p&btag=t${query}`, {
        headers: { "sec-fetch-dest": dest },
      });
      const response = await requestWith(bindings, request);
      return [response.status, response.headers.get("content-type")];
    };
    const sent = `&sent_at=${Date.now()}`;
    expect(await type(sent, "image")).toEqual([503, "application/problem+json"]);
    expect(await type("", "image"), "an image in a page's HTML").toEqual([503, "image/gif"]);
    expect(await type(sent, "empty"), "a fetch sees the status").toEqual([503, "image/gif"]);
    expect(await type(`${sent}&score=x`, "image"), "what is refused for good").toEqual([400, "image/gif"]);
    const { bindings: well } = faulty(() => false);
    Object.assign(bindings, well);
    expect(await type(sent, "image")).toEqual([200, "image/gif"]);
  });

  it("gathers concurrent events into few messages, and every acknowledged one is stored, though sends fail", async () => {
    await createProject("gather");
    const { bindings, sends } = faulty((send) => send % 5 === 0);
    const responses = await Promise.all(Array.from({ length: 400 }, (_, player) => visit(bindings, "gather", player)));
    const acknowledged = responses.flatMap((response, player) => (response.status === 200 ? [`e${player}`] : []));
    expect(acknowledged.length).toBeGreaterThan(300);
    expect(new Set(responses.map((response) => response.status)).difference(new Set([200, 503])).size).toBe(0);
    await vi.waitFor(
      async () => expect(new Set(acknowledged).difference(new Set(await storedIds("gather"))).size).toBe(0),
      {
        timeout: 200_000,
        interval: 100,
      },
    );
    expect(sends()).toBeLessThan(300);
  });

  it("sends at most 5 messages for 300 events when nothing fails", async () => {
    await createProject("hundred");
    const { bindings, sends } = faulty(() => false);
    const responses = await Promise.all(Array.from({ length: 300 }, (_, player) => visit(bindings, "hundred", player)));
    expect(responses.every((response) => response.status === 200)).toBe(true);
    expect(sends()).toBeLessThanOrEqual(5);
    await vi.waitFor(async () => expect((await storedIds("hundred")).length).toBe(300), {
      timeout: 200_000,
      interval: 100,
    });
  });
});

describe("the consumer", () => {
  const events = (project_id: string) =>
    [1, 2, 3].map((n) =>
      storedEvent({ project_id, event_type: "visit", event_id: `c${n}`, player_id: `p${n}`, banner_tag: "t" }),
    );

  it("acknowledges what it has appended, and appends a batch once however often it comes", async () => {
    await createProject("consumer");
    const messages = [{ events: events("consumer").slice(0, 2) }, { events: events("consumer").slice(2) }];
    for (const _ of [1, 2, 3]) {
      const batch = await deliver(messages);
      expect(batch.messages.length).toBe(2);
    }
    expect((await storedIds("consumer")).toSorted()).toEqual(["c1", "c2", "c3"]);
  });

  it("returns the batch to the queue when the log cannot be written, and loses nothing", async () => {
    await createProject("broken-log");
    const broken = {
      ...env,
      DB: new Proxy(env.DB, {
        get: (database, name) =>
          name === "batch"
            ? () => Promise.reject(new Error("D1_ERROR: overloaded"))
            : Reflect.get(database, name).bind(database),
      }),
    };
    const retried: boolean[] = [];
    const batch = {
      queue: "edgepixel-events",
      messages: [{ body: { events: events("broken-log") }, attempts: 1, ack: () => retried.push(false) }],
      retryAll: () => retried.push(true),
    } as unknown as MessageBatch<EventMessage>;
    await worker.queue(batch, broken);
    expect(retried).toEqual([true]);
    expect(await storedIds("broken-log")).toEqual([]);
    await worker.queue(batch, env);
    expect(retried).toEqual([true, false]);
    expect((await storedIds("broken-log")).length).toBe(3);
  });

  it("stores ten thousand events of one batch, those that do not fit at a later delivery", async () => {
    await createProject("big");
    const all = Array.from({ length: 10_000 }, (_, n) =>
      storedEvent({
        project_id: "big",
        event_type: "visit",
        event_id: `b${n}`,
        player_id: `p${n % 1_000}`,
        banner_tag: `t${n % 7}`,
        user_agent: "x".repeat(200),
      }),
    );
    let waiting = Array.from({ length: 100 }, (_, index) => ({
      id: String(index),
      timestamp: new Date(),
      attempts: 1,
      body: { events: all.slice(index * 100, index * 100 + 100) },
    }));
    while (waiting.length > 0) {
      const batch = createMessageBatch<EventMessage>("edgepixel-events", waiting);
      await worker.queue(batch, env);
      const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
      expect(explicitAcks.length).toBeGreaterThan(0);
      waiting = waiting.filter(({ id }) => !explicitAcks.includes(id));
    }
    await settle();
    const { daily_metrics, players } = await figuresIn("big");
    expect(Object.values(daily_metrics)).toEqual([{ count: 1_000, total: 10_000 }]);
    expect(Object.keys(players).length).toBe(1_000);
  });

  it("sums any number of the largest amounts", async () => {
    await createProject("rich");
    const amount = 900_000_000_000 * 10_000 + 9_999;
    const event = () =>
      storedEvent({
        project_id: "rich",
        event_type: "deposit",
        player_id: "p",
        banner_tag: "t",
        amount,
        currency: "EUR",
      });
    for (let round = 0; round < 3; round++) {
      await deliver([{ events: Array.from({ length: 1_500 }, event) }]);
      await settle();
    }
    expect(Object.values((await figuresIn("rich")).money_summary)).toEqual([
      { total: 4_500, whole: 4_500 * 900_000_000_000, fraction: 4_500 * 9_999 },
    ]);
  });

  it("counts a transaction once, with no time limit, and keeps later events as its duplicates", async () => {
    await createProject("money");
    const deposit = (event_id: string, amount: number) =>
      storedEvent({
        project_id: "money",
        event_type: "deposit",
        event_id,
        player_id: "p",
        banner_tag: "t",
        amount,
        currency: "EUR",
        transaction_id: "tx",
      });
    await deliver([{ events: [deposit("d1", 100), deposit("d2", 200)] }]);
    await deliver([{ events: [deposit("d3", 300)] }, { events: [deposit("d1", 100)] }]);
    await settle();
    const { results } = await env.DB.prepare(
      "SELECT event_id, duplicate_of FROM events WHERE project_id = 'money' ORDER BY seq",
    ).all();
    expect(results).toEqual([
      { event_id: "d1", duplicate_of: null },
      { event_id: "d2", duplicate_of: "d1" },
      { event_id: "d3", duplicate_of: "d1" },
    ]);
    expect(Object.values((await figuresIn("money")).money_summary)).toEqual([{ total: 1, whole: 0, fraction: 100 }]);
  });

  it("brings events from the queue into the tables within the hour, without a request for a report", async () => {
    await createProject("by-itself");
    expect((await visit(env, "by-itself", 1)).status).toBe(200);
    const logged = () => env.DB.prepare("SELECT 1 FROM events WHERE project_id = 'by-itself'").first();
    await vi.waitFor(async () => expect(await logged()).not.toBeNull(), { timeout: 200_000, interval: 100 });
    await worker.scheduled({ scheduledTime: Date.UTC(2026, 5, 1, 13), cron: "* * * * *", noRetry() {} }, env);
    await vi.waitFor(
      async () => expect(Object.values((await figuresIn("by-itself")).daily_metrics)).toEqual([{ count: 1, total: 1 }]),
      {
        timeout: 200_000,
        interval: 100,
      },
    );
  });
});
