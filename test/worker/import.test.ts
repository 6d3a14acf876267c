/** Imports: old events from files, through a separate route. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { BatchAnswer } from "../../worker/collect/batch.ts";
import type { Door } from "../../worker/event.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { readEvent } from "../../worker/event-reading.ts";
import { answerOf, call, read } from "./api.ts";
import { ADMIN, makeApiKey } from "./keys.ts";
import { createProject, db, figuresIn, keepToTables, settle, storedEvent } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const AGENT =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 12_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1";

beforeAll(async () => {
  await createProject("old", { timezone: "Europe/Malta", currency: "EUR" });
  await createProject("ruled");
});

const send = (body: unknown, project_id = "old", headers?: HeadersInit) =>
  call("POST", `/import?project_id=${project_id}`, body, headers);
const visit = (more: object = {}) => ({
  event_type: "visit",
  player_id: "p1",
  timestamp: "2015-06-30T23:30:00+02:00",
  ...more,
});

type Row = Record<string, string | number | null>;
async function stored(project_id: string, event_id: string): Promise<Row> {
  const find = () =>
    env.DB.prepare("SELECT * FROM events WHERE project_id = ? AND event_id = ?")
      .bind(project_id, event_id)
      .first<Row>();
  await vi.waitFor(async () => expect(await find()).not.toBeNull(), { timeout: 200_000, interval: 50 });
  return (await find()) as Row;
}

describe("an imported event", () => {
  it("is stored with its own time, the project's date, and who sent it", async () => {
    const before = Date.now();
    const sender = {
      country: "MT",
      referrer: "https://bonus.example/a?b",
      source_ip: "203.0.113.77",
      user_agent: AGENT,
    };
    expect((await send(visit({ event_id: "whole", btag: "t", level: 3, ...sender }))).status).toBe(202);
    expect(await stored("old", "whole")).toMatchObject({
      timestamp: Date.UTC(2015, 5, 30, 21, 30),
      event_date: "2015-06-30",
      event_hour: 23,
      banner_tag: "t",
      data: '{"level":3}',
      country: "MT",
      referrer: "bonus.example",
      source_ip: "203.0.113.0",
      user_agent: AGENT,
      device: "mobile",
      os: "iOS",
      bot: null,
    });
    expect((await stored("old", "whole")).received_at).toBeGreaterThanOrEqual(before);
  });

  it("has no data of the importer's request", async () => {
    const headers = {
      ...ADMIN,
      "user-agent": AGENT,
      referer: "https://admin.example/",
      "cf-connecting-ip": "127.0.0.1",
    };
    expect((await send(visit({ event_id: "bare" }), "old", headers)).status).toBe(202);
    const nobody = { country: null, referrer: null, source_ip: null, user_agent: null, device: null, browser: null };
    expect(await stored("old", "bare")).toMatchObject(nobody);
  });

  it.each<[string, object, object]>([
    ["a host alone as referrer", { referrer: "bonus.example" }, { referrer: "bonus.example" }],
    ["an IPv6 address", { source_ip: "2001:db8:7:8::9" }, { source_ip: "2001:db8:7::" }],
    ["a mapped IPv4 address", { source_ip: "::ffff:192.0.2.9" }, { source_ip: "192.0.2.0" }],
    ["a crawler's agent", { user_agent: "Mozilla/5.0 (compatible; Googlebot/2.1)" }, { bot: "crawler" }],
    ["a headless browser's", { user_agent: "Mozilla/5.0 HeadlessChrome/90.0 Safari/537.36" }, { bot: "headless" }],
    ["a server's agent", { user_agent: "GuzzleHttp/7" }, { bot: null }],
  ])("with %s", async (_, more, kept) => {
    const event_id = crypto.randomUUID();
    expect((await send(visit({ event_id, ...more }))).status).toBe(202);
    expect(await stored("old", event_id)).toMatchObject(kept);
  });

  it("is judged by its project's bot rules", async () => {
    await answerOf("PATCH", "/projects/ruled", { bot_rules: { user_agents: ["CheckerTool"] } });
    expect((await send(visit({ event_id: "ruled", user_agent: "CheckerTool 1" }), "ruled")).status).toBe(202);
    expect(await stored("ruled", "ruled")).toMatchObject({ bot: "project_rule" });
  });

  it.each<[string, object, string | null]>([
    ["of 2000", { timestamp: "2000-01-01" }, null],
    ["of 1999", { timestamp: "1999-12-31T23:59:59Z" }, "timestamp timestamp_out_of_range"],
    ["in the future", { timestamp: Date.now() + 600_000 }, "timestamp timestamp_out_of_range"],
    ["without a time", { timestamp: "" }, "timestamp missing"],
    ["with a time that is none", { timestamp: "30/Jun/2015" }, "timestamp invalid"],
    ["from an address that is none", { source_ip: "localhost" }, "source_ip invalid"],
    ["from a country that is none", { country: "Malta" }, "country invalid"],
    ["with an agent that is none", { user_agent: "a\u0007" }, "user_agent invalid"],
    ["without a player", { player_id: null }, "player_id missing"],
    ["of a project that is none", { project_id: "nowhere" }, "project_id unknown_project"],
  ])("%s", async (_, more, fault) => {
    const answer = await send([visit(more)]);
    const { results } = await answer.json<BatchAnswer>();
    const [result] = results;
    const told = result?.status === "rejected" ? `${result.errors[0]?.field} ${result.errors[0]?.code}` : null;
    expect([answer.status, told]).toEqual([fault === null ? 202 : 400, fault]);
  });

  it("with a time in seconds gets an error that says so, however old it is", async () => {
    const answer = await send([visit({ timestamp: 1_300_000_000 })]);
    expect(JSON.stringify(await answer.json())).toContain("it looks like seconds");
  });

  it("counts once, and an enforced schema applies to it too", async () => {
    const schema = { type: "object", required: ["score"] };
    const made = { project_id: "old", event_type: "boss_defeated", schema, mode: "enforce" };
    await answerOf("POST", "/schemas", made);
    const boss = visit({ event_type: "boss_defeated", event_id: "boss", score: 5 });
    const answer = await send([boss, boss, visit({ event_type: "boss_defeated" })]);
    expect(await answer.json()).toMatchObject({ accepted: 2, rejected: 1 });
    expect((await send(boss)).status).toBe(202);
    await stored("old", "boss");
    await settle();
    const { daily_metrics } = await figuresIn("old");
    expect(daily_metrics['["2015-06-30","boss_defeated"]']).toEqual({ count: 1, total: 1 });
  });
});

describe("the route", () => {
  const who = { country: "MT", referrer: "bonus.example", source_ip: "192.0.2.9", user_agent: "x" };

  it.each<Door>(["pixel", "api"])("of %s treats country, address and user agent as data", (door) => {
    const reading = readEvent(Object.entries({ event_type: "visit", player_id: "p", btag: "t", ...who }), door, 0);
    expect(reading).toMatchObject({ ok: true });
    if (reading.ok) expect(JSON.parse(reading.event.data ?? "")).toEqual(who);
  });

  it("is for administrators", async () => {
    for (const role of ["collect", "analyst"]) {
      const authorization = `Bearer ${await makeApiKey({ role, project_id: "old" })}`;
      expect((await send(visit(), "old", { authorization })).status).toBe(403);
    }
  });

  it("keeps its refusals out of the request log", async () => {
    await send([visit({ player_id: "" })]);
    // Rejections are counted in the order in which they are recorded.
    await call("POST", "/events?project_id=old", { event_type: "visit" });
    const rejected = async () =>
      (await read<{ counts: { rejected: number } }>("/requests?project_id=old")).counts.rejected;
    await vi.waitFor(async () => expect(await rejected()).toBeGreaterThan(0), { timeout: 200_000, interval: 100 });
    expect(await rejected()).toBe(1);
  });
});

it("accepts an edited dead letter of an import, however old it is", async () => {
  const timestamp = Date.UTC(2015, 0);
  const event = storedEvent({ project_id: "old", event_type: "visit", event_id: "dead", player_id: "p", timestamp });
  await keepDeadLetters(db, [{ event, error: "SQLITE_CONSTRAINT" }], "event-log", Date.now());
  const { id } = (await env.DB.prepare("SELECT id FROM dead_letters WHERE event_id = 'dead'").first<Row>()) as Row;
  const edit = { event: { banner_tag: "t" } };
  expect(await answerOf("PATCH", `/dead-letters/${id}`, edit)).toMatchObject({ event: { banner_tag: "t", timestamp } });
});
