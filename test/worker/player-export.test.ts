/** The export of a player: all that any store holds, and nothing of anybody else. */
import { SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { bury } from "../../worker/event-log/dead-letters.ts";
import { ADMIN } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const HOST = "https://export.example";
const ask = (query = "") =>
  SELF.fetch(`${HOST}/api/v1/players/carla-1/export?project_id=exported${query}`, { headers: ADMIN });
type Exported = {
  visitors: string[];
  profile: Record<string, unknown>;
  payments: Record<string, unknown>[];
  dead_letters: { event: { event_id: string } }[];
  requests: { request: Record<string, unknown> }[];
  events: Record<string, unknown>[];
};

const SPINS = 1_203;

beforeAll(async () => {
  await createProject("exported");
  const start = Date.UTC(2026, 7, 1);
  const event = (event_type: string, minute: number, more: object) =>
    storedEvent({ project_id: "exported", event_type, timestamp: start + minute * 60_000, ...more });
  await deliver([
    {
      events: [
        event("visit", 0, {
          visitor_id: "browser-c",
          banner_tag: "summer",
          source_ip: "203.0.113.0",
          event_id: "first",
        }),
        event("registration", 1, { player_id: "carla-1", visitor_id: "browser-c" }),
        event("deposit", 2, { player_id: "carla-1", amount: 12_345, currency: "EUR", event_id: "paid" }),
        event("deposit", 3, { player_id: "carla-1", test: 1, data: '{"a":"=1,\\"x\\""}' }),
        event("spin", 4, { player_id: "dan-1" }),
        ...Array.from({ length: SPINS }, (_, n) => event("spin", 5 + n, { player_id: "carla-1" })),
      ],
    },
  ]);
  await settle();
  const letter = (player_id: string) => ({
    event: storedEvent({ project_id: "exported", event_type: "spin", event_id: `letter-${player_id}`, player_id }),
    error: "SQLITE_CONSTRAINT",
  });
  await bury(db, [letter("carla-1"), letter("dan-1")], "event-log", start);
  await SELF.fetch(`${HOST}/visit?project_id=exported&player_id=carla-1`);
});

describe("the export of a player", () => {
  it("has everything as JSON", async () => {
    const exported = await (await ask()).json<Exported>();
    expect(exported.visitors).toEqual(["browser-c"]);
    expect(exported.profile).toMatchObject({ total_events: SPINS + 3, deposit_tag: "summer" });
    expect(exported.payments).toMatchObject([{ event_type: "deposit", amount: "1.2345", currency: "EUR", total: 1 }]);
    expect(exported.dead_letters.map(({ event }) => event.event_id)).toEqual(["letter-carla-1"]);
    expect(exported.events.length).toBe(SPINS + 4);
    expect(exported.events.slice(0, 4)).toMatchObject([
      { event_id: "first", visitor_id: "browser-c", source_ip: "203.0.113.0", timestamp: "2026-08-01T00:00:00.000Z" },
      { event_type: "registration" },
      { event_id: "paid", amount: "1.2345" },
      { test: 1, data: { a: '=1,"x"' } },
    ]);
    expect(new Set(exported.events.map(({ event_id }) => event_id)).size).toBe(SPINS + 4);
    expect(JSON.stringify(exported)).not.toContain("dan-1");
  });

  it("has the events as CSV, and the samples of what was refused", async () => {
    const csv = await (await ask("&format=csv")).text();
    const lines = csv.trimEnd().split("\r\n");
    expect(lines.length).toBe(SPINS + 5);
    expect(lines[0]).toMatch(/^event_id,event_type,timestamp,/);
    expect(lines[1]).toMatch(/^first,visit,2026-08-01T00:00:00.000Z,/);
    await expect
      .poll(async () => (await (await ask()).json<Exported>()).requests.map(({ request }) => request.player_id), {
        timeout: 10_000,
      })
      .toEqual(["carla-1"]);
  });

  it("is in the audit log", async () => {
    const audit = await SELF.fetch(`${HOST}/api/v1/audit?project_id=exported&limit=1`, { headers: ADMIN });
    expect(await audit.json()).toMatchObject({ rows: [{ action: "player.export", subject: "carla-1" }] });
  });
});
