/** The export of a player: all data in any store, and none of other people. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { partOf } from "../../worker/admin/player-export.ts";
import { deleteFiles } from "../../worker/archive/bucket.ts";
import { type ArchiveFile, addFiles, isLive, liveFiles } from "../../worker/archive/files.ts";
import { hourOf, keyOf } from "../../worker/archive/partition.ts";
import { replace } from "../../worker/archive/rewrite.ts";
import type { StoredEvent } from "../../worker/event.ts";
import {
  type ArchivePart,
  type ArchivePlace,
  BEGINNING,
  nextPart,
  personsEvents,
} from "../../worker/event-log/archived-player.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import worker from "../../worker/index.ts";
import { archive } from "../../worker/projections/archive.ts";
import { retain } from "../../worker/retention/retain.ts";
import { transact } from "../../worker/store/database.ts";
import { answerOf, callWith, get, HOST, read, sendPixel } from "./api.ts";
import { guarded } from "./database.ts";
import { runDuty } from "./duty.ts";
import { ADMIN } from "./keys.ts";
import { createProject, db, deliver, settle, step, storedEvent } from "./log.ts";

const PATH = "/players/carla-1/export?project_id=exported";
const ask = (query = "") => get(PATH + query);
type Exported = {
  visitors: string[];
  profile: Record<string, unknown>;
  payments: Record<string, unknown>[];
  dead_letters: { event: { event_id: string } }[];
  requests: { request: Record<string, unknown> }[];
  events: Record<string, unknown>[];
  next_cursor: string | null;
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
  await keepDeadLetters(db, [letter("carla-1"), letter("dan-1")], "event-log", start);
  await sendPixel("/visit", { project_id: "exported", player_id: "carla-1" });
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
    expect(lines[0]).toMatch(/^event_id,event_type,player_id,visitor_id,/);
    expect(lines[1]).toMatch(/^first,visit,,browser-c,summer,/);
    await expect
      .poll(async () => (await (await ask()).json<Exported>()).requests.map(({ request }) => request.player_id), {
        timeout: 200_000,
      })
      .toEqual(["carla-1"]);
  });

  it("is in the audit log", async () => {
    expect(await read("/audit?project_id=exported&limit=1")).toMatchObject({
      rows: [{ action: "player.export", subject: "carla-1" }],
    });
  });
});

it("a part has as many events of the log as its calls allow, and the next one continues after them", async () => {
  // Of two at the same time, the one stored first is first.
  const order = Array.from({ length: 23_456 }, (_, n) => ({ timestamp: Math.floor(n / 2), seq: n + 1 }));
  const seqs: number[] = [];
  for (let place: Parameters<typeof partOf>[1] | null = { log: { timestamp: -1, seq: 0 } }; place !== null; ) {
    const part: Awaited<ReturnType<typeof partOf>> = await partOf(db, place, order, 0, 3);
    expect(part.before).toEqual(order.slice(0, part.before.length).map(({ seq }) => seq));
    expect(part.logged.length).toBeLessThanOrEqual(10_000);
    seqs.push(...part.logged);
    place = part.next;
  }
  expect(seqs).toEqual(order.map(({ seq }) => seq));
});

describe("the export of a player whose events were removed from the log", () => {
  const HOUR = 3_600_000;
  const START = Date.parse("2026-01-01T23:00:00Z");
  const old = (event_id: string, hour: number, more: Partial<StoredEvent>) =>
    storedEvent({ project_id: "swept", event_type: "spin", event_id, timestamp: START + hour * HOUR, ...more });
  const own = (query = "") => get(`/players/erin-1/export?project_id=swept${query}`);
  const idsIn = ({ events }: Exported) => events.map(({ event_id }) => event_id);
  const GONE = ["anonymous", "linked", "paid", "again", "tested", "crawled"];

  beforeAll(async () => {
    await createProject("swept");
    await createProject("other");
    await env.DB.prepare(`UPDATE projects SET retention = '{"events_days":62}' WHERE project_id = 'swept'`).run();
    await deliver([
      {
        events: [
          old("anonymous", 0, { visitor_id: "browser-e", data: '{"deep":{"n":1}}' }),
          old("linked", 1, { player_id: "erin-1", visitor_id: "browser-e" }),
          old("paid", 2, { event_type: "deposit", player_id: "erin-1", amount: 12_345, currency: "EUR" }),
          old("again", 2, { player_id: "erin-1" }),
          old("tested", 26, { player_id: "erin-1", test: 1 }),
          old("crawled", 50, { player_id: "erin-1", bot: "crawler" }),
          old("somebody", 2, { player_id: "dan-1" }),
          old("browsed", 2, { player_id: "dan-1", visitor_id: "browser-e" }),
          old("namesake", 2, { player_id: "erin-1", project_id: "other" }),
          old("late", 24 * 150, { player_id: "erin-1" }),
        ],
      },
    ]);
    await settle();
    await retain(env, db, START + 24 * 170 * HOUR, () => true);
    const left = await env.DB.prepare("SELECT event_id FROM events WHERE project_id = 'swept'").all();
    expect(left.results).toEqual([{ event_id: "late" }]);
  });

  it("has them all, after those of the log, each once, and no other player's", async () => {
    const exported = await (await own()).json<Exported>();
    expect(idsIn(exported)).toEqual(["late", ...GONE]);
    expect(exported.next_cursor).toBeNull();
    const { data, ...paid } = exported.events.find(({ event_id }) => event_id === "paid") ?? {};
    expect(paid).toMatchObject({ amount: "1.2345", currency: "EUR", timestamp: "2026-01-02T01:00:00.000Z", test: 0 });
    expect(Object.keys(paid)).not.toContain("seq");
    expect([data, exported.events[1]?.data]).toEqual([null, { deep: { n: 1 } }]);
  });

  it("has them as CSV and NDJSON, too", async () => {
    const lines = (await (await own("&format=ndjson")).text()).trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { event_id: string }).event_id)).toEqual(["late", ...GONE]);
    const csv = (await (await own("&format=csv")).text()).trimEnd().split("\r\n");
    expect(csv.slice(1).map((line) => line.split(",")[0])).toEqual(["late", ...GONE]);
  });

  it("continues after a cursor, without the events of the log", async () => {
    const part = await (await own(`&cursor=archive-${hourOf(START) + 3}-0`)).json<Exported>();
    expect(idsIn(part)).toEqual(["tested", "crawled"]);
    const last = await (await own(`&cursor=log-${START + 24 * 151 * HOUR}-1`)).json<Exported>();
    expect(idsIn(last)).toEqual(GONE);
    expect((await own("&cursor=none")).status).toBe(400);
  });

  it("is read in parts, each file once", async () => {
    const before = hourOf(START) + 24 * 60;
    const all = await liveFiles(db, { first: 0, end: before });
    expect(all.length).toBeGreaterThan(3);
    for (const most of [1, 2, 3]) {
      const files: ArchiveFile[] = [];
      for (let from: ArchivePlace | null = BEGINNING; from !== null; ) {
        const part: ArchivePart = await nextPart(db, from, before, most);
        files.push(...part.files);
        from = part.next;
      }
      expect(files.map(({ key }) => key)).toEqual(all.map(({ key }) => key));
    }
  });

  it("come from the file that replaced one since it was found", async () => {
    const found = await liveFiles(db, { first: hourOf(START), end: hourOf(START) + 24 * 60 });
    const person = { project_id: "swept", player_id: "erin-1", visitors: ["browser-e"] };
    const read = async () => {
      const events: string[] = [];
      for await (const some of personsEvents(env, db, { from: BEGINNING, files: found }, person))
        events.push(...some.map(({ event_id }) => event_id));
      return events;
    };
    expect(await read()).toEqual(GONE);
    for (const file of found) await replace(env, db, [file], Date.now(), (rows) => rows);
    await deleteFiles(
      env.ARCHIVE,
      found.map(({ key }) => key),
    );
    expect(await read()).toEqual(GONE);
  });

  it("are listed at the next try when a file is replaced during the reading", async () => {
    const list = (bindings: Env, more = "") => callWith(bindings, "GET", `/events?project_id=swept&include=all${more}`);
    const next = `&cursor=${(await (await list(env)).json<{ next_cursor: string }>()).next_cursor}`;
    const [file] = await liveFiles(db, { first: hourOf(START), end: hourOf(START) + 24 * 60 });
    const ARCHIVE = guarded(env.ARCHIVE, { reads: ["get"], writes: [] }, async (act) => {
      if (await isLive(db, file?.key ?? "")) {
        await replace(env, db, [file as ArchiveFile], Date.now(), (rows) => rows);
        await env.ARCHIVE.delete(file?.key ?? "");
      }
      return act();
    });
    const interrupted = await list({ ...env, ARCHIVE }, next);
    expect([interrupted.status, interrupted.headers.get("retry-after")]).toEqual([503, "5"]);
    const { rows } = await (await list(env, next)).json<{ rows: { event_id: string }[] }>();
    expect(rows.map(({ event_id }) => event_id).sort()).toEqual([...GONE, "browsed", "somebody"].sort());
  });

  it.each([
    ["free", 10, 40],
    ["paid", 500, 500],
  ] as const)("names the next part if there is one, on the %s plan", async (plan, least, most) => {
    const [file] = await liveFiles(db, { first: hourOf(START), end: hourOf(START) + 1 });
    // One more file than a part reads on the larger plan.
    const many = Array.from({ length: 501 }, (_, hour) => ({
      ...(file as ArchiveFile),
      hour,
      key: keyOf(hour, 1, 1, "00000000"),
    }));
    await transact(db, [addFiles(many)]);
    const path = "/api/v1/players/erin-1/export?project_id=swept&format=ndjson";
    const request = new Request(HOST + path, { headers: ADMIN });
    const answer = await worker.fetch(request, { ...env, PLAN: plan }, createExecutionContext());
    await answer.body?.cancel();
    await env.DB.prepare("DELETE FROM archive_files WHERE hour < 501").run();
    const [, link, cursor] = /^<(.*)&cursor=archive-(\d+)-0>; rel="next"$/.exec(answer.headers.get("link") ?? "") ?? [];
    expect(link).toBe(path);
    expect(Number(cursor)).toBeGreaterThanOrEqual(least);
    expect(Number(cursor)).toBeLessThanOrEqual(most);
    expect((await own()).headers.get("link")).toBeNull();
  });

  it("comes in parts that end in time when an hour has more files than an invocation may read, as does the list", async () => {
    const FILES = 45;
    const ids = Array.from({ length: FILES }, (_, n) => `small-${String(n).padStart(2, "0")}`);
    await deliver([{ events: ids.map((id) => old(id, 3, { player_id: "erin-1", event_type: "level_up" })) }]);
    // One file for each event.
    while ((await step(archive, 1)) > 0);
    await settle();
    await retain(env, db, START + 24 * 171 * HOUR, () => true);
    expect(await liveFiles(db, { first: hourOf(START) + 3, end: hourOf(START) + 4 })).toHaveLength(FILES);
    /** All parts of an answer, each from a separate invocation: one that exceeds its plan's limits fails the test. */
    const parts = async (path: string): Promise<string[]> => {
      const texts: string[] = [];
      for (let next: string | undefined = path; next !== undefined; ) {
        const request = new Request(HOST + next, { headers: ADMIN });
        const answer = await worker.fetch(request, { ...env, PLAN: "free" }, createExecutionContext());
        expect(answer.status).toBe(200);
        texts.push(await answer.text());
        next = /^<(.*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
      }
      return texts;
    };
    const idsOf = (texts: string[]) =>
      texts
        .flatMap((text) => text.trim().split("\n"))
        .flatMap((line) => (line === "" ? [] : (JSON.parse(line) as { event_id: string }).event_id));
    const exported = await parts("/api/v1/players/erin-1/export?project_id=swept&format=ndjson");
    expect(exported.length).toBeGreaterThan(2);
    expect(idsOf(exported)).toEqual(["late", ...GONE.slice(0, 4), ...ids, ...GONE.slice(4)]);
    const listed = await parts("/api/v1/events?project_id=swept&event_type=level_up&format=ndjson");
    expect(listed.length).toBeGreaterThan(1);
    expect(idsOf(listed)).toEqual(ids.toReversed());
    const json = await (await own(`&cursor=archive-${hourOf(START) + 3}-0`)).json<Exported>();
    expect(json.next_cursor).toMatch(new RegExp(`^archive-${hourOf(START) + 3}-\\d+$`));
    expect(idsIn(json)).toEqual(ids.slice(0, json.events.length));
  });

  it("has none once the player is erased, also none of the last events in the log", async () => {
    const ends = await env.DB.prepare(
      "SELECT (SELECT max(seq) FROM events) < (SELECT max(last_seq) FROM archive_files) AS gone",
    ).first();
    expect(ends).toEqual({ gone: 1 });
    const { id } = await answerOf<{ id: string }>("DELETE", "/players/erin-1?project_id=swept");
    for (let done = false; !done; ) {
      await env.DB.prepare("UPDATE erasures SET due_at = 0").run();
      await runDuty("erasures");
      const found = await env.DB.prepare("SELECT finished_at FROM erasures WHERE id = ?").bind(id).first();
      done = found?.finished_at !== null;
    }
    const exported = await (await own()).json<Exported>();
    expect([exported.events, exported.visitors, exported.profile]).toEqual([[], [], null]);
    expect(JSON.stringify(exported).match(/browser-e|anonymous/)).toBeNull();
  });
});
