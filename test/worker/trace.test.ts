/** The logs: a request can be followed from its answer to the figures, and no forbidden data are logged. */
import { env, SELF } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { HOST, requestWith } from "./api.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, storedEvent } from "./log.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Line = { level: string; message: string; request_ids?: string[] } & Record<string, unknown>;

let lines: Line[] = [];
let raw: string[] = [];
beforeEach(() => {
  lines = [];
  raw = [];
  for (const level of LEVELS) {
    vi.spyOn(console, level).mockImplementation((text: unknown) => {
      raw.push(String(text));
      lines.push(JSON.parse(String(text)));
    });
  }
});
afterEach(() => vi.restoreAllMocks());

const of = (message: string) => lines.filter((line) => line.message === message);
const find = (message: string, matches: (line: Line) => boolean) =>
  vi.waitFor(
    () => {
      const found = of(message).find(matches);
      expect(found, message).toBeDefined();
      return found as Line;
    },
    { timeout: 200_000, interval: 50 },
  );

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await SELF.fetch(`${HOST}${path}`, init);
  await response.body?.cancel();
  return response;
}

const askWith = (bindings: Partial<Record<keyof Env, unknown>>, path: string, init: RequestInit = {}) =>
  requestWith({ ...env, ...bindings } as Env, new Request(`${HOST}${path}`, init));

const PERSON = "player-7c1f";
const pixel = `/visit?project_id=traced&player_id=${PERSON}&btag=t`;
let key = "";

beforeAll(async () => {
  await createProject("traced");
  key = await makeApiKey({ role: "collect", project_id: "traced" });
});

describe("a request", () => {
  it("is followed by its id from the edge through the queue into every projection", async () => {
    const response = await ask(`${pixel}&event_id=followed`, { headers: { "cf-ray": "8f3c2d1e0b9a7f65-MLA" } });
    const request_id = response.headers.get("x-request-id") as string;
    expect(request_id).toBe("8f3c2d1e0b9a7f65-MLA");
    const batch = await find("batch appended", ({ request_ids }) => request_ids?.includes(request_id) ?? false);
    expect(batch).toMatchObject({ level: "info", stored: expect.any(Number), duplicates: expect.any(Number) });
    const { seq } = (await env.DB.prepare("SELECT seq FROM events WHERE event_id = 'followed'").first<{
      seq: number;
    }>()) ?? { seq: 0 };
    expect(batch.first_seq).toBeLessThanOrEqual(seq);
    expect(batch.last_seq).toBeGreaterThanOrEqual(seq);
    // An accepted request has no log line.
    expect(of("request")).toEqual([]);
    // A request that reads the tables brings them forward.
    await ask("/api/v1/metrics?project_id=traced", { headers: ADMIN });
    // The archive reads it when its quarter of an hour is over.
    for (const { name } of [...GROUPS.live.projections, ...GROUPS.tables.projections]) {
      const step = await find(
        "projected",
        (line) => line.projection === name && (line.after as number) < seq && (line.up_to as number) >= seq,
      );
      expect(step.ms).toEqual(expect.any(Number));
    }
  });

  it("of many events is named in each message that carries some, and the batch's log line says what was new", async () => {
    const headers = { authorization: `Bearer ${key}`, "x-request-id": "a-callers-own-id" };
    const events = Array.from({ length: 250 }, (_, n) => ({
      event_type: "spin",
      player_id: PERSON,
      event_id: `many-${n}`,
    }));
    const response = await ask("/api/v1/events", { method: "POST", headers, body: JSON.stringify(events) });
    expect([response.status, response.headers.get("x-request-id")]).toEqual([202, "a-callers-own-id"]);
    await vi.waitFor(
      () => {
        const own = of("batch appended").filter(({ request_ids }) => request_ids?.includes("a-callers-own-id"));
        expect(own.reduce((sum, { stored }) => sum + (stored as number), 0)).toBeGreaterThanOrEqual(250);
      },
      { timeout: 200_000 },
    );
    lines = [];
    const stored: StoredEvent[] = [0, 1, 2].map((n) =>
      storedEvent({
        project_id: "traced",
        event_type: "spin",
        player_id: "p",
        event_id: n === 2 ? "many-0" : `new-${n}`,
        trusted: 1,
      }),
    );
    const [first, second, third] = stored as [StoredEvent, StoredEvent, StoredEvent];
    // In the format of messages before they had ids of requests.
    await deliver([{ events: [first, third] }, { events: [second, second], request_ids: ["one", "two"] }]);
    const own = await find("batch appended", ({ request_ids }) => request_ids?.includes("two") ?? false);
    expect(own).toMatchObject({ messages: 2, events: 4, stored: 2, duplicates: 2, request_ids: ["one", "two"] });
    const { results } = await env.DB.prepare("SELECT seq FROM events WHERE event_id LIKE 'new-%' ORDER BY seq").all<{
      seq: number;
    }>();
    expect([own.first_seq, own.last_seq]).toEqual([results[0]?.seq, results[1]?.seq]);

    lines = [];
    await deliver([{ events: stored, request_ids: ["again"] }]);
    expect(of("batch appended")).toMatchObject([{ stored: 0, duplicates: 3, first_seq: null, last_seq: null }]);
  });

  it("gets a new id if the one that it brings is invalid", async () => {
    for (const given of ["", "short", "x".repeat(65), "with space in it", 'quo"te-quote']) {
      const id = (await ask("/health", { headers: { "x-request-id": given } })).headers.get("x-request-id");
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    }
  });

  it.each<[string, string, RequestInit, Partial<Line>]>([
    [
      "a rejected pixel",
      `${pixel}&amount=1&secret=s3cret`,
      {},
      { level: "warn", route: "/visit", status: 400, codes: ["missing"] },
    ],
    ["no key", "/api/v1/metrics", {}, { level: "warn", route: "/api/v1/metrics", status: 401 }],
    [
      "a wrong parameter",
      `/api/v1/players/${PERSON}?colour=red`,
      { headers: ADMIN },
      { route: "/api/v1/players/:player_id", status: 400, codes: ["unknown_parameter"], key_id: "admin" },
    ],
    ["no such route", `/api/v1/${PERSON}`, { headers: ADMIN }, { status: 404 }],
    [
      "a change",
      "/api/v1/projections/outcomes/rebuild",
      { method: "POST", headers: ADMIN },
      { level: "info", method: "POST", route: "/api/v1/projections/:name/rebuild", status: 202 },
    ],
  ])("has a log line if it is %s", async (_, path, init, line) => {
    const response = await ask(path, init);
    expect(of("request")).toEqual([
      expect.objectContaining({ ...line, request_id: response.headers.get("x-request-id") }),
    ]);
  });

  it.each([
    ["a report", "default", 500],
    ["finding out who asks", "never-seen", 503],
  ])("that fails in %s has its error logged under the id of its answer", async (_, project_id, status) => {
    await ask("/api/v1/metrics", { headers: ADMIN });
    lines = [];
    const broken = new Proxy(env.DB, {
      get: () => () => {
        throw new Error("D1 is away");
      },
    });
    const response = await askWith({ DB: broken }, `/api/v1/metrics?project_id=${project_id}`, { headers: ADMIN });
    const request_id = response.headers.get("x-request-id");
    expect([response.status, request_id]).toEqual([status, expect.any(String)]);
    expect(of("request failed")).toEqual([expect.objectContaining({ level: "error", request_id })]);
    expect(of("request")).toEqual([expect.objectContaining({ level: "error", status, request_id })]);
  });

  it("that could not be made durable is answered with its id", async () => {
    const EVENTS = { send: () => Promise.reject(new Error("queue overloaded")) };
    const response = await askWith({ PLAN: "paid", EVENTS }, pixel);
    expect(response.status).toBe(503);
    const request_id = response.headers.get("x-request-id");
    expect(of("pixel not durable")).toEqual([expect.objectContaining({ request_id })]);
    expect(of("request")).toEqual([expect.objectContaining({ request_id, status: 503 })]);
  });

  it("that only read or was accepted has a log line only at the most detailed level", async () => {
    await ask("/health");
    await ask(pixel);
    await ask("/api/v1/session", { headers: ADMIN });
    // A request of a second has a line at every level.
    const before = of("request");
    expect(before.filter(({ ms }) => Number(ms) < 1_000)).toEqual([]);
    await askWith({ LOG_LEVEL: "debug" }, pixel);
    expect(of("request").slice(before.length)).toEqual([expect.objectContaining({ route: "/visit", status: 200 })]);
  });

  it("leaves no query, person, address or secret in any log line", async () => {
    const secret = "s3cret-in-a-query";
    const headers = { "cf-connecting-ip": "198.51.100.77", "user-agent": "Some Agent/1" };
    await ask(`${pixel}&amount=1&sig=${secret}`, { headers });
    await ask(`${pixel}&click_id=${secret}`, { headers });
    await ask(`/api/v1/players/${PERSON}?project_id=traced`, { headers: bearer(secret) });
    await ask("/api/v1/keys", {
      method: "POST",
      headers: ADMIN,
      body: JSON.stringify({ name: secret, role: "viewer" }),
    });
    await ask("/api/v1/events", {
      method: "POST",
      headers: bearer(key),
      body: JSON.stringify({ event_type: "spin", player_id: PERSON, amount: secret }),
    });
    await find("batch appended", () => true);
    await find("projected", () => true);
    expect(of("request").length).toBeGreaterThanOrEqual(4);
    const all = raw.join("\n");
    for (const hidden of [PERSON, secret, "198.51.100", "Some Agent", "btag", key, env.ADMIN_TOKEN])
      expect(all).not.toContain(hidden);
  });
});
