/** An answer is 304 only as long as it would be the same, and cached only if its days are over. */
import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { figures } from "../../worker/projections/figures.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { get } from "./api.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

let projects = 0;

async function begin(settings = {}) {
  const project_id = `fresh-${++projects}`;
  await createProject(project_id, settings);
  const send = async (event_date: string, more: Partial<StoredEvent> = {}) => {
    const timestamp = Date.parse(`${event_date}T12:00:00Z`);
    await deliver([{ events: [storedEvent({ project_id, event_type: "visit", player_id: "p", timestamp, ...more })] }]);
    await settle();
  };
  const ask = (path: string, headers: HeadersInit = {}) =>
    get(`${path}${path.includes("?") ? "&" : "?"}project_id=${project_id}`, { ...ADMIN, ...headers });
  const tag = async (path: string) => {
    const response = await ask(path);
    await response.text();
    return response.headers.get("etag");
  };
  return { project_id, send, ask, tag };
}

const MAY = "/metrics?from=2026-05-01&to=2026-05-31";

describe("an answer", () => {
  it("is not sent again to a client that has it, until one of its days changes", async () => {
    const { send, ask, tag } = await begin();
    await send("2026-05-02");
    const first = await tag(MAY);
    expect(first).toMatch(/^"[0-9a-f]{32}"$/);
    const same = await ask(MAY, { "if-none-match": first as string });
    expect([same.status, await same.text()]).toEqual([304, ""]);
    await send("2026-06-02");
    expect(await tag(MAY)).toBe(first);
    await send("2026-05-03");
    const changed = await ask(MAY, { "if-none-match": first as string });
    expect(changed.status).toBe(200);
    expect(await changed.json()).toMatchObject({ rows: [{ total: 1 }, { total: 1 }] });
    expect(changed.headers.get("etag")).not.toBe(first);
  });

  it("about days that are over is kept, and never stale", async () => {
    const { project_id, send, ask } = await begin();
    await send("2026-05-02");
    const total = async (path = MAY) =>
      (await (await ask(path)).json<{ rows: { total: number }[] }>()).rows.reduce((sum, row) => sum + row.total, 0);
    expect(await total()).toBe(1);
    // Changed without the projections: only a cached answer does not show it.
    await env.DB.prepare("UPDATE days SET counts = json_set(counts, '$.visit[1]', 50) WHERE project_id = ?")
      .bind(project_id)
      .run();
    expect(await total()).toBe(1);
    expect(await total("/metrics?from=2026-05-01")).toBe(50);
    const csv = await ask(`${MAY}&format=csv`);
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect(await csv.text()).toContain("50");
    await send("2026-05-02", { player_id: "late" });
    expect(await total()).toBe(51);
  });

  it("depends on what a visitor did before they were known as a player", async () => {
    const { send, tag } = await begin();
    await send("2026-05-02", { player_id: null, visitor_id: "v" });
    await send("2026-05-02", { player_id: "known" });
    const first = await tag(MAY);
    await send("2026-06-02", { player_id: "known", visitor_id: "v" });
    expect(await tag(MAY)).not.toBe(first);
  });

  it("about first deposits depends on all days before it", async () => {
    const { send, ask, tag } = await begin();
    const deposit = { event_type: "deposit", amount: 10_000, currency: "USD" };
    await send("2026-05-05", deposit);
    const path = "/campaigns?from=2026-05-05&to=2026-05-05";
    const first = await tag(path);
    await send("2026-05-04", deposit);
    expect(await tag(path)).not.toBe(first);
    expect(await (await ask(path)).json()).toMatchObject({ total: { first_deposits: 0, deposits: 1 } });
  });

  it("has another ETag for another role, tag, format and setting", async () => {
    const { project_id, send, ask, tag } = await begin();
    await send("2026-05-02", { banner_tag: "a" });
    const key = await makeApiKey({ role: "viewer", project_id, banner_tags: ["a"] });
    const limited = await ask(MAY, bearer(key));
    const tags = [await tag(MAY), await tag(`${MAY}&format=csv`), limited.headers.get("etag")];
    await env.DB.prepare("UPDATE projects SET currency = 'EUR' WHERE project_id = ?").bind(project_id).run();
    const { forgetProjects } = await import("../../worker/project.ts");
    forgetProjects();
    tags.push(await tag(MAY));
    expect(new Set(tags).size).toBe(4);
  });

  it("changes with each event that is in the figures and not yet in `changes`, since it may be of any day", async () => {
    const { project_id, send, ask, tag } = await begin();
    await send("2026-05-02");
    const first = await tag(MAY);
    const [event] = [storedEvent({ project_id, event_type: "visit", player_id: "p", timestamp: Date.now() })];
    await append(db, [event]);
    await settle([figures]);
    expect(await tag(MAY)).not.toBe(first);
    expect((await ask(MAY, { "if-none-match": first as string })).status).toBe(200);
    await settle();
    expect(await tag(MAY)).toBe(first);
  });

  it("waits while the figures are rebuilt, and is the same afterwards", async () => {
    const { send, ask, tag } = await begin();
    await send("2026-05-02");
    const first = await tag(MAY);
    // Projections are held, as by an erasure, before an earlier alarm brings the tables forward.
    for (let cursor: number | null = null; cursor !== 0; ) {
      await env.DB.prepare("UPDATE renaming SET erasure_id = NULL").run();
      await rebuild(env, db, PROJECTIONS, "figures");
      await env.DB.prepare("UPDATE renaming SET erasure_id = 'a test'").run();
      cursor = await env.DB.prepare("SELECT cursor FROM projections WHERE name = 'figures'").first<number>("cursor");
    }
    expect(await tag(MAY)).toBeNull();
    const waiting = await ask(MAY, { "if-none-match": first as string });
    expect([waiting.status, waiting.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await waiting.text()).toContain("The figures are being counted from the log: 0 %");
    await env.DB.prepare("UPDATE renaming SET erasure_id = NULL").run();
    await settle();
    expect(await tag(MAY)).toBe(first);
  });
});
