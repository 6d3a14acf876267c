/** An instance that was deployed without a bucket: it reports that, does everything else, and can get one later. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { DUTIES } from "../../worker/cron.ts";
import { begin } from "../../worker/erasure/erase.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { forgetHealth } from "../../worker/reports/health.ts";
import { metered } from "../../worker/store/budget.ts";
import { transact } from "../../worker/store/database.ts";
import { HOST, requestWith } from "./api.ts";
import { archivedRows, emptyBucket } from "./bucket.ts";
import { runDuty } from "./duty.ts";
import { ADMIN } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent, TABLES } from "./log.ts";

const DAY = 86_400_000;
const LONG_AGO = Date.now() - 200 * DAY;
const { ARCHIVE: _, ...bare } = env;
const without = bare as unknown as Env;

const ask = (path: string, method = "GET"): Promise<Response> =>
  requestWith(metered(without, "request").env, new Request(`${HOST}${path}`, { method, headers: ADMIN }));

const count = async (table: string) =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? 0;
const logged = () => count("events");

let n = 0;
async function projectWith(retention: object, events: number): Promise<string> {
  const project_id = `bare-${++n}`;
  await createProject(project_id, { attribution_days: 2 });
  await env.DB.prepare("UPDATE projects SET retention = ? WHERE project_id = ?")
    .bind(JSON.stringify(retention), project_id)
    .run();
  const event = (index: number) =>
    storedEvent({
      project_id,
      event_type: "deposit",
      player_id: `player-${index}`,
      amount: 10_000,
      currency: "USD",
      timestamp: LONG_AGO + index,
      received_at: LONG_AGO,
    });
  await deliver([{ events: Array.from({ length: events }, (_, index) => event(index)) }], without);
  await settle([...TABLES, ...GROUPS.live.projections, ...GROUPS.postbacks.projections]);
  return project_id;
}

beforeEach(async () => {
  for (const table of ["events", "projections", "archive_files", "archive_runs", "archive_compactions", "erasures"])
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  await env.DB.prepare("UPDATE renaming SET erasure_id = NULL").run();
  await emptyBucket();
  forgetHealth();
});

describe("without an archive", () => {
  it("health says `off`, is good although no old events are archived, and names no projection of the archive", async () => {
    await projectWith({}, 3);
    const answer = await ask("/health");
    const health = await answer.json<{ projections: object }>();
    expect([answer.status, health]).toMatchObject([200, { status: "ok", dependencies: { archive: "off" } }]);
    expect(Object.keys(health.projections).filter((name) => name.startsWith("archive"))).toEqual([]);
    expect(health.projections).toHaveProperty("daily");
    const metrics = await (await ask("/metrics")).text();
    expect(metrics).toContain('edgepixel_projection_behind{projection="daily"} 0');
    expect(metrics).not.toContain('projection="archive');
    const { rows } = await (await ask("/api/v1/projections")).json<{ rows: { name: string }[] }>();
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(health.projections));
  });

  it.each([
    ["GET", "/api/v1/archive"],
    ["GET", "/api/v1/archive/files"],
    ["GET", "/api/v1/archive/files/events/any.parquet"],
    ["POST", "/api/v1/archive/compact"],
    ["POST", "/api/v1/archive/restore"],
    ["POST", "/api/v1/projections/archive_manifest/rebuild"],
  ])("%s %s answers a problem", async (method, path) => {
    const answer = await ask(path, method);
    const problem = await answer.json<{ detail: string }>();
    expect(answer.status).toBe(404);
    expect(problem.detail).toMatch(/has no archive.+docs\/deploy\.md|There is no projection archive_manifest/);
  });

  it("every duty runs to its end and touches nothing of an archive", async () => {
    await projectWith({ events_days: 40, archive_days: 40, purchases_days: 40 }, 3);
    const late = new Date().setUTCHours(4, 0, 0, 0);
    for (const { name } of DUTIES) if (name !== "exchange_rates") await runDuty(name, without, late);
    expect([await count("archive_runs"), await count("archive_files"), await count("archive_compactions")]).toEqual([
      0, 0, 0,
    ]);
    expect(await env.DB.prepare("SELECT name FROM projections WHERE name LIKE 'archive%'").all()).toMatchObject({
      results: [],
    });
    // Retention does not wait for an archive that never comes.
    expect(await logged()).toBe(0);
  });

  it("a player is erased completely; if the archive was only unbound, the erasure waits for it and says so", async () => {
    const project_id = await projectWith({}, 2);
    const state = (id: string) =>
      env.DB.prepare("SELECT finished_at, error FROM erasures WHERE id = ?").bind(id).first();
    const erased = async (player_id: string) => {
      const asked = { project_id, player_id, suppress: false };
      const id = await begin(db, asked, Date.now(), (_, statements) => transact(db, statements).then(() => undefined));
      for (let run = 0; run < 3; run++) {
        await env.DB.prepare("UPDATE erasures SET due_at = 0 WHERE finished_at IS NULL").run();
        await runDuty("erasures", without);
      }
      return state(id);
    };
    expect(await erased("player-0")).toMatchObject({ finished_at: expect.any(Number), error: null });
    await env.DB.prepare(
      "INSERT INTO archive_compactions (day, busy_until, updated_at) VALUES ('2026-01-01', 0, 0)",
    ).run();
    expect(await erased("player-1")).toMatchObject({
      finished_at: null,
      error: expect.stringContaining("deploy with it again"),
    });
  });

  it("a bucket that is added later gets what the log still has, also after events that were removed", async () => {
    await projectWith({ events_days: 40 }, 5);
    const kept = await projectWith({}, 4);
    await runDuty("retention", without);
    expect(await logged()).toBe(4);
    await settle();
    const rows = await archivedRows();
    expect(rows).toHaveLength(4);
    expect(JSON.stringify(rows)).toContain(kept);
    expect((await env.ARCHIVE.list()).objects.length).toBeGreaterThan(0);
  });
});
