import { describe, expect, it, vi } from "vitest";
import { type ClientOptions, createClient } from "../../pixel/client.ts";
import {
  type Answer,
  accept,
  answerTo,
  hang,
  ids,
  type Sent,
  spin,
  stage,
  status,
  trackMany,
  unreachable,
} from "./stage.ts";

describe("track", () => {
  it("sets id and time once, and keeps what it was given", async () => {
    const { client, clock, sent, answers } = stage();
    answers.push(unreachable, status(503), accept);
    const data = { step: 1 };
    const id = client.track(spin({ amount: "0.10", currency: "EUR", data }));
    client.track(spin({ event_id: "mine", timestamp: "2026-01-01T00:00:00Z", amount: 19.99, currency: "EUR" }));
    data.step = 2;
    await clock.advance(60_000);
    expect(sent).toHaveLength(3);
    expect(sent[0]?.events).toEqual([
      { ...spin(), amount: "0.10", currency: "EUR", data: { step: 1 }, event_id: id, timestamp: Date.UTC(2026, 0, 1) },
      { ...spin(), event_id: "mine", timestamp: "2026-01-01T00:00:00Z", amount: 19.99, currency: "EUR" },
    ]);
    for (const again of sent) expect(again.events).toEqual(sent[0]?.events);
    expect(client.stats()).toEqual({ accepted: 2, rejected: 0, dropped: 0, buffered: 0, inFlight: 0, retries: 2 });
  });

  it("sets the time of sending at each try, so that a wrong clock loses no event", async () => {
    const { client, clock, sent, answers } = stage();
    answers.push(unreachable, accept);
    client.track(spin());
    client.track(spin({ timestamp: "2025-12-31T23:59:00Z", sent_at: 7 }));
    await clock.advance(60_000);
    expect(sent.map(({ at }) => at).length).toBe(2);
    for (const { at, sent_at } of sent) expect(sent_at).toEqual([at, at]);
    expect(sent[1]?.events.map(({ timestamp }) => timestamp)).toEqual([Date.UTC(2026, 0, 1), "2025-12-31T23:59:00Z"]);
  });

  it("adds the defaults, which the event's fields override", async () => {
    let player = "guest";
    const { client, sent } = stage({ defaults: () => ({ player_id: player, app_id: "game", platform: "ios" }) });
    client.track({ event_type: "visit" });
    player = "anna";
    client.track({ event_type: "visit", app_id: "other" });
    await client.flush();
    expect(sent[0]?.events).toMatchObject([
      { player_id: "guest", app_id: "game", platform: "ios" },
      { player_id: "anna", app_id: "other", platform: "ios" },
    ]);
  });

  it("never throws, and reports what it cannot send", async () => {
    const { client, sent, heard, clock } = stage();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    client.track(spin({ event_id: "circle", data: circle }));
    client.track(spin({ event_id: "bigint", data: { n: 1n } }));
    client.track(spin({ event_id: "large", note: "ä".repeat(20_000) }));
    client.track(spin({ event_id: "fits", note: "ä".repeat(16_000) }));
    await clock.advance(1_000);
    expect(heard).toEqual([
      "rejected circle event invalid",
      "rejected bigint event invalid",
      "rejected large event too_large",
    ]);
    expect(sent.map(ids)).toEqual([["fits"]]);
    expect(client.stats()).toMatchObject({ accepted: 1, rejected: 3 });
  });

  it("loses no event when a callback throws or tracks", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { client, sent, answers } = stage({
      onRejected: (event) => {
        if (event.event_id !== "id-2") client.track(spin({ event_id: "id-2" }));
        throw new Error("mine");
      },
    });
    answers.push(({ events }) => answerTo(events, () => "player_id"));
    client.track(spin());
    await client.flush();
    await client.flush();
    expect(sent.map(ids)).toEqual([["id-1"], ["id-2"]]);
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });
});

describe("a batch", () => {
  it("is sent when it is full, after a short while, or at flush", async () => {
    const { client, clock, sent } = stage({ batchEvents: 3, flushInterval: 200 });
    trackMany(client, 2);
    await clock.advance(199);
    expect(sent).toHaveLength(0);
    client.track(spin());
    await clock.rest();
    expect(sent.map(ids)).toEqual([["id-1", "id-2", "id-3"]]);
    client.track(spin());
    await clock.advance(200);
    expect(sent).toHaveLength(2);
    client.track(spin());
    await client.flush();
    expect(sent).toHaveLength(3);
  });

  it("is also full by its bytes, without those of the batch before it", async () => {
    const { client, clock, sent } = stage({ batchBytes: 10_000 });
    const note = "x".repeat(4_000);
    trackMany(client, 3, { note });
    await clock.rest();
    expect(sent.map(({ events }) => events.length)).toEqual([2, 1]);
    trackMany(client, 2, { note });
    await clock.rest();
    expect(sent).toHaveLength(2);
  });

  it("that fills while another is in flight is sent as soon as that is answered", async () => {
    const { client, clock, sent, answers } = stage({ flushInterval: 200 });
    answers.push((request) => new Promise((answer) => clock.setTimeout(() => answer(accept(request)), 1_000)));
    client.track(spin());
    void client.flush();
    client.track(spin());
    await clock.advance(1_000);
    expect(sent.map(({ at }) => at - (sent[0]?.at ?? 0))).toEqual([0, 1_000]);
  });

  it("has at most 500 events and 512 KB, and only one is in flight at a time, in order", async () => {
    let inFlight = 0;
    const { client, sent } = stage({
      fetch: async (_, init) => {
        expect(++inFlight).toBe(1);
        const body = String(init.body);
        sent.push({ events: JSON.parse(body).events, bytes: Buffer.byteLength(body) } as Sent);
        await Promise.resolve();
        inFlight--;
        return accept(sent.at(-1) as Sent);
      },
    });
    trackMany(client, 1_200);
    trackMany(client, 40, { note: "é".repeat(15_000) });
    const { accepted } = await client.flush();
    expect(accepted).toBe(1_240);
    for (const { events, bytes } of sent) {
      expect(events.length).toBeLessThanOrEqual(500);
      expect(bytes).toBeLessThanOrEqual(512 * 1024);
    }
    expect(sent.flatMap(ids)).toEqual(Array.from({ length: 1_240 }, (_, n) => `id-${n + 1}`));
    expect(sent.length).toBeLessThanOrEqual(7);
  });

  it("that is too large for the server is split, down to the event that is", async () => {
    const huge = (request: Sent) => request.events.some(({ event_id }) => event_id === "id-6");
    const here = stage();
    here.otherwise = (request) => (huge(request) ? status(413)(request) : accept(request));
    trackMany(here.client, 16);
    await here.client.flush();
    expect(here.client.stats()).toMatchObject({ accepted: 15, rejected: 1, retries: 0 });
    expect(here.heard).toEqual(["rejected id-6 request http_413"]);
    expect(here.client.state).toBe("closed");
    const delivered = here.sent.filter((request) => !huge(request)).flatMap(ids);
    expect(new Set(delivered).size).toBe(delivered.length);
  });

  it("finds the size that a proxy lets through", async () => {
    const here = stage();
    here.otherwise = (request) => (request.events.length > 60 ? status(413)(request) : accept(request));
    trackMany(here.client, 3_000);
    expect(await here.client.flush()).toMatchObject({ accepted: 3_000, rejected: 0 });
    const refused = here.sent.filter(({ events }) => events.length > 60).length;
    expect(refused).toBeLessThan(here.sent.length / 3);
  });
});

describe("answers", () => {
  it("are read by index; refused events are not sent again", async () => {
    const { client, sent, answers, heard } = stage();
    answers.push(({ events }) => answerTo(events, (_, index) => (index % 2 ? "currency" : null)));
    trackMany(client, 4);
    expect(await client.flush()).toMatchObject({ accepted: 2, rejected: 2, retries: 0 });
    expect(heard).toEqual(["rejected id-2 currency invalid", "rejected id-4 currency invalid"]);
    expect(sent).toHaveLength(1);
  });

  it.each([400, 401, 403, 404, 413, 415])("of %d are final", async (code) => {
    const { client, sent, answers, heard } = stage();
    answers.push(status(code));
    client.track(spin());
    expect(await client.flush()).toMatchObject({ accepted: 0, rejected: 1, retries: 0 });
    expect(heard).toEqual([`rejected id-1 request http_${code}`]);
    expect(sent).toHaveLength(1);
  });

  it.each<[string, Partial<ClientOptions>, Answer]>([
    ["a network error", {}, unreachable],
    ["a time-out", { timeout: 100 }, hang],
    ["a time-out that fetch does not heed", { timeout: 100 }, () => new Promise(() => undefined)],
    ["408", {}, status(408)],
    ["429", {}, status(429)],
    ["500", {}, status(500)],
    ["503", {}, status(503)],
    ["a good status from something else", {}, () => new Response("<html>")],
  ])("after %s lead to a retry", async (_, options, answer) => {
    const { client, clock, sent, answers } = stage(options);
    answers.push(answer);
    client.track(spin());
    const flushed = client.flush();
    await clock.advance(700);
    expect(await flushed).toMatchObject({ accepted: 1, retries: 1 });
    expect(sent).toHaveLength(2);
  });

  it("with Retry-After delay the retry, also for flush()", async () => {
    const { client, clock, sent, answers } = stage({ random: () => 0.5 });
    answers.push(
      status(503, { "retry-after": "20" }),
      status(429, { "retry-after": new Date(clock.now() + 60_000).toUTCString() }),
    );
    client.track(spin());
    void client.flush();
    await clock.advance(10_000);
    void client.flush();
    client.track(spin());
    await clock.advance(110_000);
    expect(sent.map(({ at }) => at - (sent[0]?.at ?? 0))).toEqual([0, 20_250, 60_500]);
  });
});

describe("the breaker", () => {
  it("opens after failures in a row, probes once, opens for longer, and closes", async () => {
    const here = stage({ breaker: { failures: 3, coolDown: 10_000, longestCoolDown: 25_000 }, random: () => 0 });
    here.otherwise = unreachable;
    trackMany(here.client, 2);
    const flushed = here.client.flush();
    await here.clock.rest();
    const start = here.clock.now();
    await here.clock.advance(9_999);
    expect([here.client.state, here.sent.length]).toEqual(["open", 3]);
    trackMany(here.client, 1_000);
    await here.clock.rest();
    expect([here.sent.length, here.client.stats().buffered]).toEqual([3, 1_002]);
    await here.clock.advance(60_000);
    expect(here.sent.map(({ at }) => at - start)).toEqual([0, 0, 0, 10_000, 30_000, 55_000]);
    here.otherwise = accept;
    await here.clock.advance(20_000);
    await flushed;
    expect(await here.client.flush()).toMatchObject({ accepted: 1_002, dropped: 0, buffered: 0 });
    expect(here.client.state).toBe("closed");
    const probe = ["open → half-open", "half-open → open"];
    expect(here.heard).toEqual([
      "closed → open",
      ...probe,
      ...probe,
      ...probe,
      "open → half-open",
      "half-open → closed",
    ]);
  });

  it("counts failures in a row only, and refusals as answers", async () => {
    const here = stage({ breaker: { failures: 2 } });
    here.answers.push(unreachable, accept, unreachable, status(403), unreachable, accept);
    for (let n = 0; n < 3; n++) {
      here.client.track(spin());
      await here.clock.advance(5_000);
    }
    expect(here.heard).toEqual(["rejected id-2 request http_403"]);
  });
});

describe("the buffer", () => {
  it.each([
    ["oldest", ["dropped id-1 buffer_full", "dropped id-2 buffer_full"], ["id-3", "id-4", "id-5"]],
    ["newest", ["dropped id-4 buffer_full", "dropped id-5 buffer_full"], ["id-1", "id-2", "id-3"]],
  ] as const)("drops the %s when it is full, and reports it", async (drop, drops, kept) => {
    const { client, clock, sent, heard } = stage({ bufferEvents: 3, drop });
    trackMany(client, 5);
    await clock.rest();
    expect(heard).toEqual(drops);
    expect(await client.flush()).toMatchObject({ accepted: 3, dropped: 2 });
    expect(sent.map(ids)).toEqual([kept]);
  });

  it("keeps what is in flight", async () => {
    const here = stage({ bufferEvents: 3, batchEvents: 2, timeout: 1_000 });
    here.answers.push(hang);
    trackMany(here.client, 5);
    await here.clock.rest();
    expect(here.client.stats()).toMatchObject({ inFlight: 2, buffered: 1 });
    expect(here.heard).toEqual(["dropped id-3 buffer_full", "dropped id-4 buffer_full"]);
    await here.clock.advance(10_000);
    expect(here.client.stats()).toMatchObject({ accepted: 3, dropped: 2, buffered: 0, inFlight: 0 });
  });

  it("gives up what is too old", async () => {
    const here = stage({ giveUpAfter: 60_000 });
    here.otherwise = unreachable;
    here.client.track(spin());
    const flushed = here.client.flush();
    await here.clock.advance(200_000);
    expect(await flushed).toMatchObject({ dropped: 1, buffered: 0 });
    expect(here.heard).toContain("dropped id-1 expired");
  });

  it("does not give up what is in flight", async () => {
    const here = stage({ giveUpAfter: 1_000 });
    here.answers.push((sent) => new Promise((answer) => here.clock.setTimeout(() => answer(accept(sent)), 5_000)));
    here.client.track(spin());
    void here.client.flush();
    await here.clock.advance(4_000);
    here.client.track(spin());
    await here.clock.advance(4_000);
    expect(here.client.stats()).toMatchObject({ accepted: 2, dropped: 0, retries: 0 });
  });
});

describe("flush", () => {
  it("resolves when all events before it are settled, without waiting for later ones", async () => {
    const here = stage({ batchEvents: 2 });
    let answered = 0;
    here.otherwise = async (request) => {
      answered++;
      // Something more is always coming.
      if (answered < 10) trackMany(here.client, 2);
      return accept(request);
    };
    trackMany(here.client, 3);
    const { accepted } = await here.client.flush();
    expect(accepted).toBeGreaterThanOrEqual(3);
    expect(accepted).toBeLessThan(8);
    await here.client.flush();
  });

  it("of nothing resolves at once", async () => {
    const { client, sent } = stage();
    expect(await client.flush()).toMatchObject({ accepted: 0 });
    expect(sent).toHaveLength(0);
  });

  it("can be limited to a time", async () => {
    const here = stage();
    here.otherwise = unreachable;
    here.client.track(spin());
    const flushed = here.client.flush({ timeout: 5_000 });
    await here.clock.advance(5_000);
    expect(await flushed).toMatchObject({ accepted: 0, buffered: 1 });
  });

  it("leaves no timer behind", async () => {
    const { client, clock, answers } = stage();
    answers.push(unreachable);
    trackMany(client, 3);
    const flushed = client.flush({ timeout: 50_000 });
    await clock.advance(1_500);
    await flushed;
    expect(clock.timers.size).toBe(0);
  });
});

describe("close", () => {
  it("flushes, and takes nothing afterwards", async () => {
    const { client, clock, heard } = stage();
    trackMany(client, 2);
    expect(await client.close()).toMatchObject({ accepted: 2 });
    client.track(spin());
    await clock.rest();
    expect(heard).toEqual(["dropped id-3 closed"]);
    expect(await client.close()).toMatchObject({ accepted: 2, dropped: 1 });
    expect(clock.timers.size).toBe(0);
  });

  it.each([
    ["in flight", hang],
    ["waiting", unreachable],
  ])("drops events that are still %s after its timeout, once", async (_, answer) => {
    const here = stage({ timeout: 3_600_000 });
    here.otherwise = answer;
    trackMany(here.client, 2);
    const closed = here.client.close({ timeout: 2_000 });
    await here.clock.advance(2_000);
    const left = { accepted: 0, dropped: 2, buffered: 0, inFlight: 0 };
    expect(await closed).toMatchObject(left);
    await here.clock.advance(100_000);
    expect(here.client.stats()).toMatchObject(left);
    expect(here.heard.filter((line) => line.startsWith("dropped"))).toEqual(["dropped id-1,id-2 closed"]);
    expect(here.clock.timers.size).toBe(0);
  });
});

describe("in a browser", () => {
  function browser() {
    const document = { visibilityState: "visible" };
    const page = Object.assign(new EventTarget(), { document });
    const here = stage({ page, flushInterval: 60_000 });
    return {
      ...here,
      answers: here.answers,
      hide: () => {
        document.visibilityState = "hidden";
        page.dispatchEvent(new Event("visibilitychange"));
      },
      show: () => {
        document.visibilityState = "visible";
        page.dispatchEvent(new Event("visibilitychange"));
      },
      leave: () => page.dispatchEvent(new Event("pagehide")),
    };
  }

  it("sends when the page is hidden or left, in a request that outlives it", async () => {
    const { client, clock, sent, hide, show, leave } = browser();
    client.track(spin());
    show();
    expect(sent).toHaveLength(0);
    hide();
    leave();
    expect(sent.map(ids)).toEqual([["id-1"]]);
    expect(sent[0]?.init).toMatchObject({ keepalive: true, credentials: "omit" });
    await clock.rest();
    client.track(spin());
    leave();
    await clock.rest();
    expect(sent.map(ids)).toEqual([["id-1"], ["id-2"]]);
    expect(client.stats()).toMatchObject({ accepted: 2, buffered: 0, inFlight: 0 });
  });

  it("keeps within 64 KB together with what is in flight, and sends no event twice", async () => {
    const { client, clock, sent, answers, leave } = browser();
    const late = Promise.withResolvers<void>();
    answers.push(async (request) => late.promise.then(() => accept(request)));
    trackMany(client, 3, { note: "x".repeat(12_000) });
    void client.flush();
    trackMany(client, 6, { note: "x".repeat(12_000) });
    leave();
    leave();
    expect(sent.map(({ events }) => events.length)).toEqual([3, 2]);
    expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(64 * 1024);
    for (const { init } of sent) expect(init.keepalive).toBe(true);
    late.resolve();
    await clock.rest();
    await client.flush();
    expect(sent.flatMap(ids).sort()).toEqual(Array.from({ length: 9 }, (_, n) => `id-${n + 1}`));
  });

  it("does not flood a server that is down, and resumes when the page is shown again", async () => {
    const { client, clock, sent, answers, leave } = browser();
    answers.push(...Array.from({ length: 5 }, () => unreachable));
    client.track(spin());
    void client.flush();
    await clock.advance(10_000);
    expect(client.state).toBe("open");
    const before = sent.length;
    leave();
    expect(sent).toHaveLength(before);
    await clock.advance(10_000);
    expect(client.stats()).toMatchObject({ accepted: 1 });
  });
});

describe("construction", () => {
  const url = "https://events.example";
  it.each<[string, object]>([
    ["no url", { key: "k" }],
    ["a url without scheme", { url: "events.example", key: "k" }],
    ["no key", { url }],
    ["an empty key", { url, key: "" }],
    ["a key with a line break", { url, key: "k\n" }],
    ["a batch over the server's limit", { url, key: "k", batchEvents: 501 }],
    ["no batch at all", { url, key: "k", batchEvents: 0 }],
    ["time that is no number", { url, key: "k", timeout: Number.NaN }],
    ["an unknown policy", { url, key: "k", drop: "some" }],
  ])("refuses %s", (_, options) => expect(() => createClient(options as never)).toThrow(TypeError));

  it("does no work, so that it is allowed at the top of a module", () => {
    const { clock, sent } = stage();
    expect([clock.timers.size, sent.length]).toEqual([0, 0]);
  });

  it("takes a url with a path", async () => {
    const asked: string[] = [];
    const { client } = stage({
      url: "https://example.com/edge/",
      fetch: async (to, init) => {
        asked.push(to);
        return accept({ events: JSON.parse(String(init.body)).events } as Sent);
      },
    });
    client.track(spin());
    await client.flush();
    expect(asked).toEqual(["https://example.com/edge/api/v1/events"]);
  });

  it("warns once for each fault if no callback is set", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { client, answers } = stage({ onRejected: undefined });
    answers.push(status(401), status(401));
    trackMany(client, 3);
    await client.flush();
    client.track(spin());
    await client.flush();
    expect(warn.mock.calls).toEqual([["edgepixel rejected: says 401"]]);
    warn.mockRestore();
  });
});
