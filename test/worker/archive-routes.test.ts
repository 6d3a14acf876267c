/** The archive's routes, and events read from the archive. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { ArchiveFileView, ArchiveState } from "../../worker/admin/archive.ts";
import { saveSettings } from "../../worker/archive/settings.ts";
import { type ArchivePosition, archivedEvents } from "../../worker/event-log/archived-events.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { get, HOST, read } from "./api.ts";
import { ADMIN, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-05-01T21:00:00Z");

beforeAll(async () => {
  for (const project_id of ["one", "other"]) await createProject(project_id);
  for (let batch = 0; batch < 3; batch++) {
    const events = Array.from({ length: 30 }, (_, n) =>
      storedEvent({
        project_id: n % 3 ? "one" : "other",
        event_type: n % 2 ? "visit" : "spin",
        player_id: `player-${n % 5}`,
        timestamp: START + (n % 5) * HOUR + n,
        received_at: START + 6 * HOUR,
      }),
    );
    await deliver([{ events }]);
    await settle(GROUPS.archive.projections);
  }
  await deliver([{ events: [storedEvent({ project_id: "one", event_type: "visit", player_id: "now" })] }]);
});

describe("the archive", () => {
  it("reports its state", async () => {
    const state = await read<ArchiveState>("/archive");
    expect(state).toMatchObject({
      cursor: 90,
      lag_events: 1,
      files: 15,
      rows: 90,
      last_run: { first_seq: 61, last_seq: 90, files: 5, attempts: 1 },
      last_compaction: null,
    });
    const health = await SELF.fetch(`${HOST}/health`);
    expect(await health.json()).toMatchObject({
      dependencies: { archive: "ok" },
      projections: { archive: { status: "ok" }, archive_manifest: { status: "ok" } },
    });
  });

  it("lists its files by pages, of the days asked for", async () => {
    const seen: ArchiveFileView[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const page = await read<{
        rows: ArchiveFileView[];
        next_cursor: string | null;
      }>(`/archive/files?limit=4${query}`);
      seen.push(...page.rows);
      cursor = page.next_cursor;
    }
    expect(seen).toHaveLength(15);
    expect(seen.map(({ key }) => key)).toEqual(seen.map(({ key }) => key).sort());
    const { rows } = await read<{
      rows: ArchiveFileView[];
    }>("/archive/files?from=2026-05-02&to=2026-05-02");
    expect(rows.map(({ hour }) => hour.slice(0, 10))).toEqual(Array(6).fill("2026-05-02"));
  });

  it("serves files, whole and in part, and records who downloaded them", async () => {
    const { rows } = await read<{ rows: [ArchiveFileView] }>("/archive/files?limit=1");
    const [{ key, sha256, bytes }] = rows;
    const whole = await get(`/archive/files/${key}`);
    const content = await whole.bytes();
    expect(content.length).toBe(bytes);
    expect(new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex()).toBe(sha256);
    expect(whole.headers.get("etag")).toBe(`"${sha256}"`);
    const part = await get(`/archive/files/${key}`, { ...ADMIN, range: "bytes=-4" });
    expect([part.status, await part.text()]).toEqual([206, "PAR1"]);
    expect(part.headers.get("content-range")).toBe(`bytes ${bytes - 4}-${bytes - 1}/${bytes}`);
    const known = await get(`/archive/files/${key}`, { ...ADMIN, "if-none-match": `"${sha256}"` });
    expect([known.status, await known.text()]).toEqual([304, ""]);
    const beyond = await get(`/archive/files/${key}`, { ...ADMIN, range: `bytes=${bytes}-` });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${bytes}`]);
    await beyond.body?.cancel();
    const audit = await read<{ rows: { action: string; subject: string }[] }>("/audit");
    expect(audit.rows.filter(({ action }) => action === "archive.download").map(({ subject }) => subject)).toEqual([
      key,
      key,
    ]);
  });

  it("serves nothing but its files", async () => {
    for (const key of ["state/settings.json", "manifest/2026-05-01.json", "events/none"])
      expect((await get(`/archive/files/${key}`)).status).toBe(404);
  });

  it("keeps the settings in the bucket, and writes them again when they change", async () => {
    const settings = async () => (await env.ARCHIVE.get("state/settings.json"))?.text();
    const before = JSON.parse((await settings()) as string);
    expect(before.projects.map(({ project_id }: { project_id: string }) => project_id)).toEqual([
      "default",
      "one",
      "other",
    ]);
    const etag = (await env.ARCHIVE.head("state/settings.json"))?.uploaded.getTime();
    const key = await makeApiKey({ name: "new", role: "viewer", project_id: "one" });
    await saveSettings(env.ARCHIVE, db, Date.now());
    const after = (await settings()) as string;
    expect(JSON.parse(after).keys).toMatchObject([{ name: "new", hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(after).not.toContain(key);
    expect((await env.ARCHIVE.head("state/settings.json"))?.uploaded.getTime()).toBeGreaterThanOrEqual(etag as number);
    const audit = JSON.parse((await (await env.ARCHIVE.get("state/audit/000000000000.json"))?.text()) as string).audit;
    expect(audit.at(-1)).toMatchObject({ action: "key.create" });
  });
});

describe("events of the archive", () => {
  const asked = { project_id: "one", from: START, to: START + 5 * HOUR, filters: {}, limit: 100 };

  it("are those of the project, the hours and the filters", async () => {
    const { events, next } = await archivedEvents(env, db, asked);
    expect(next).toBeNull();
    expect(events).toHaveLength(60);
    const { results } = await env.DB.prepare("SELECT * FROM events WHERE seq = ?").bind(events[0]?.seq).all();
    expect(results[0]).toMatchObject(events[0] as object);
    const some = await archivedEvents(env, db, {
      ...asked,
      from: START + HOUR + 5,
      to: START + 3 * HOUR,
      filters: { event_type: "visit", player_id: "player-1" },
    });
    expect(some.events.length).toBeGreaterThan(0);
    for (const event of some.events) {
      expect(event).toMatchObject({ project_id: "one", event_type: "visit", player_id: "player-1" });
      expect(event.timestamp).toBeGreaterThanOrEqual(START + HOUR + 5);
    }
  });

  it("come latest hour first, in pages that neither miss nor repeat an event", async () => {
    const { events: all } = await archivedEvents(env, db, asked);
    for (const limit of [1, 6, 7, 12]) {
      const paged: number[] = [];
      let after: ArchivePosition | null = null;
      do {
        const page: Awaited<ReturnType<typeof archivedEvents>> = await archivedEvents(env, db, {
          ...asked,
          limit,
          after,
        });
        paged.push(...page.events.map(({ seq }) => seq));
        after = page.next;
      } while (after);
      expect(paged).toEqual(all.map(({ seq }) => seq));
    }
    expect(new Set(all.map(({ seq }) => seq)).size).toBe(60);
    const hours = all.map(({ timestamp }) => Math.floor(timestamp / HOUR));
    expect(hours).toEqual(hours.toSorted((a, b) => b - a));
  });
});
