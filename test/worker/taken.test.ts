/** Events that are accepted with a warning, from the route to their display. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { answerOf, call, get, HOST } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, keepToTables, settle, TABLES } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const soon = { timeout: 200_000, interval: 200 };
let key: string;

beforeAll(async () => {
  await createProject("taken", { currency: "EUR" });
  key = await makeApiKey({ project_id: "taken", role: "collect" });
});

const post = (body: string) => call("POST", "/events", body, bearer(key));
const text = async (path: string) => (await get(path)).text();

describe("ids of 17 digits", () => {
  const SENT = `[{"event_id":"big-1","event_type":"auth","player_id":"steam-a","data":{"steam_id":76561198122624102,"v":1.10}},
    {"event_id":"big-2","event_type":"auth","player_id":76561198122624101},
    {"event_id":"big-3","event_type":"visit","player_id":"p1","app_version":1.10}]`;

  it("are stored and shown as they were sent, in every form", async () => {
    const response = await post(SENT);
    expect([response.status, await response.json()]).toMatchObject([
      202,
      {
        accepted: 3,
        results: [
          { event_id: "big-1" },
          { event_id: "big-2" },
          { event_id: "big-3", warnings: [{ field: "app_version", code: "invalid" }] },
        ],
      },
    ]);
    await vi.waitFor(async () => {
      expect(await text("/events/big-1?project_id=taken")).toContain('"data":{"steam_id":76561198122624102,"v":1.10}');
    }, soon);
    expect(await text("/events?project_id=taken&format=ndjson")).toContain('{"steam_id":76561198122624102,"v":1.10}');
    expect(await text("/players/steam-a/export?project_id=taken")).toContain('{"steam_id":76561198122624102,"v":1.10}');
    expect(await text("/events/big-2?project_id=taken")).toContain('"player_id":"76561198122624101"');
  });
});

describe("visitors that say they are undefined", () => {
  it("stay separate: none is linked to a player, and none becomes a player", async () => {
    await createProject("apart");
    for (const visitor of ["a", "b", "c"]) {
      const visit = `project_id=apart&btag=tag-${visitor}&visitor_id=v-${visitor}`;
      expect((await SELF.fetch(`${HOST}/visit?${visit}`)).status).toBe(200);
      for (const player of ["undefined", "null", "[object Object]"]) {
        const response = await SELF.fetch(`${HOST}/pixel/identify?${visit}&player_id=${encodeURIComponent(player)}`);
        expect([response.status, response.headers.get("x-event-error")]).toEqual([400, "placeholder player_id"]);
      }
    }
    const registration = "project_id=apart&btag=t&player_id=anna&visitor_id=undefined";
    expect((await SELF.fetch(`${HOST}/registration?${registration}`)).headers.get("x-event-warning")).toBe(
      "placeholder visitor_id",
    );
    await vi.waitFor(async () => {
      await settle(TABLES);
      const { results } = await env.DB.prepare(
        "SELECT event_type, count, total FROM daily_metrics WHERE project_id = 'apart' ORDER BY event_type",
      ).all();
      expect(results).toEqual([
        { event_type: "registration", count: 1, total: 1 },
        { event_type: "visit", count: 3, total: 3 },
      ]);
    }, soon);
  });
});

describe("the request log", () => {
  it("lists the warnings of an accepted event", async () => {
    await createProject("told");
    const query = "project_id=told&player_id=p&btag=t&amount=10.00&currency=EUR&transaction_id=%23tid%23";
    expect((await SELF.fetch(`${HOST}/deposit?${query}`)).headers.get("x-event-warning")).toBe(
      "placeholder transaction_id",
    );
    await vi.waitFor(async () => {
      const { rows } = JSON.parse(await text("/requests?project_id=told&status=accepted")) as {
        rows: { hint: string }[];
      };
      expect(rows.map(({ hint }) => hint)).toEqual([
        expect.stringMatching(/^`transaction_id` came as `#tid#`: a template that nobody filled in/),
      ]);
    }, soon);
  });
});

describe("equal scores", () => {
  // The second reaches 100 after the first; a score of zero, or of no whole number, changes nothing.
  const SCORES: [string, string, number, string][] = [
    ["bt-1", "first", 100, "10:00:00"],
    ["bt-2", "second", 100, "11:00:00"],
    ["bt-3", "first", 0, "12:00:00"],
    ["bt-4", "third", 60, "09:00:00"],
    ["bt-5", "third", 50, "10:30:00"],
    ["bt-6", "third", -10, "10:45:00"],
  ];
  it("rank the earlier one first, in whatever order they arrive", async () => {
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    for (const [project_id, scores] of [
      ["forwards", SCORES],
      ["backwards", SCORES.toReversed()],
    ] as const) {
      await createProject(project_id);
      const by = await makeApiKey({ project_id, role: "collect" });
      for (const [event_id, player_id, score, time] of scores) {
        const event = {
          event_id,
          event_type: "player_score",
          app_id: "maze",
          player_id,
          score,
          timestamp: `${day}T${time}Z`,
        };
        await answerOf("POST", "/events", event, bearer(by));
      }
      await vi.waitFor(async () => {
        await settle(TABLES);
        expect(
          JSON.parse(await text(`/games/maze/leaderboard?period=alltime&project_id=${project_id}`)).entries,
        ).toEqual([
          { rank: 1, player_id: "first", score: 100 },
          { rank: 2, player_id: "third", score: 100 },
          { rank: 3, player_id: "second", score: 100 },
        ]);
      }, soon);
    }
  });
});
