/** `npm start` with two databases in wrangler.toml, and what the doctor says about the second one. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { databasesIn } from "../../scripts/databases.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import { addShard, clone } from "../deploy/run.ts";
import { inDatabase, report } from "../server.ts";
import { type Started, startCommand } from "../start-command.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const generous = { timeout: 120_000, interval: 300 };
const folder = mkdtempSync(join(tmpdir(), "edgepixel-shards-"));
const SHARD = "edgepixel-2";
let copy: string;
let server: Started;

beforeAll(async () => {
  copy = clone(folder);
  addShard(copy);
  server = await startCommand({ root: copy });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const visit = async (project_id: string, id: string) => {
  const query = new URLSearchParams({ project_id, event_id: id, visitor_id: `v-${id}`, banner_tag: "spring" });
  expect((await fetch(`${server.url}/visit?${query}`)).status).toBe(200);
};

async function visits(project_id: string): Promise<number> {
  const today = new Date().toISOString().slice(0, 10);
  const from = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const query = new URLSearchParams({ project_id, from, to: today, event_type: "visit" });
  const { rows } = await report<Metrics>(server, `metrics?${query}`);
  return rows.reduce((sum, row) => sum + row.total, 0);
}
const untilVisits = (project_id: string, count: number) =>
  vi.waitFor(async () => expect(await visits(project_id)).toBe(count), generous);

const eventsIn = (localId: string) =>
  inDatabase(
    server,
    (database) =>
      database.prepare("SELECT project_id, event_id FROM events WHERE test = 0 ORDER BY event_id").all() as {
        project_id: string;
        event_id: string;
      }[],
    localId,
  ).map(({ project_id, event_id }) => `${project_id} ${event_id}`);

function doctor(): Promise<{ status: number; output: string }> {
  const { promise, resolve: done } = Promise.withResolvers<{ status: number; output: string }>();
  const env = { ...process.env, EDGEPIXEL_KEY: server.token };
  const args = ["scripts/doctor.ts", "--url", server.url];
  execFile(process.execPath, args, { cwd: ROOT, env }, (error, stdout, stderr) =>
    done({ status: error ? Number(error.code) : 0, output: stdout + stderr }),
  );
  return promise;
}

describe("npm start", () => {
  it("migrates both databases, and a project on the shard takes pixels and reports them", async () => {
    expect(server.output()).toContain("Preparing the database DB_2");
    const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
    const body = JSON.stringify({ project_id: "north", shard: "2" });
    const made = await fetch(`${server.url}/api/v1/projects`, { method: "POST", headers, body });
    expect([made.status, await made.json()]).toEqual([201, expect.objectContaining({ shard: "2" })]);
    await visit("north", "first");
    await visit("default", "other");
    await untilVisits("north", 1);
    await untilVisits("default", 1);
    expect(eventsIn(SHARD)).toEqual(["north first"]);
    expect(eventsIn("edgepixel")).toEqual(["default other"]);
  });

  it("has both databases again after a restart, and migrates none of them a second time", async () => {
    const { persistTo } = server;
    await server.stop();
    server = await startCommand({ root: copy, persistTo });
    expect(server.output()).not.toContain("Preparing the database");
    expect(await visits("north")).toBe(1);
    await visit("north", "second");
    await untilVisits("north", 2);
    expect(eventsIn(SHARD)).toEqual(["north first", "north second"]);
    expect(await visits("default")).toBe(1);
  });
});

describe("the doctor", () => {
  it("looks at both databases", async () => {
    await server.runCron();
    const { output } = await doctor();
    expect(output).toMatch(/ok +parts +2 databases, Durable Objects and bucket answer it\./);
    expect(output).toMatch(/ok +version +Both are \S+, and its 2 databases have all \d+ migrations\./);
    expect(output).toMatch(/ok +space +Shard main: [\d.]+ of 500 MB are used\. Shard 2: [\d.]+ of 500 MB are used\./);
    expect(output).toMatch(/ok +figures +All tables/);
    expect(output).toMatch(/ok +archive +Shard main: .+ Shard 2: /);
  });

  it("names the shard that lacks a migration, and the one that lacks a table", async () => {
    inDatabase(
      server,
      (database) => database.exec("DELETE FROM d1_migrations WHERE id = (SELECT max(id) FROM d1_migrations)"),
      SHARD,
    );
    inDatabase(server, (database) => database.exec("DROP TABLE projections"), SHARD);
    await vi.waitFor(
      async () => expect(await (await fetch(`${server.url}/health`)).text()).toContain('"database":"failing"'),
      generous,
    );
    const { status, output } = await doctor();
    expect(output).toMatch(/wrong +parts +Shard 2: It gets no good answer from the database \(D1\)/);
    expect(output).toMatch(/wrong +version +Shard 2: Its database has migrations up to \w+\.sql; this clone/);
    expect(output).not.toMatch(/Shard main: (?:It gets|Its database)/);
    expect(status).toBe(1);
  });
});

it.each<[string, string, string]>([
  ["no database DB", '[[d1_databases]]\nbinding = "DB_2"\n', "wrangler.toml has no database DB."],
  ["a name that the Worker would not find", '[[d1_databases]]\nbinding = "DB_a"\n', "the binding DB_a: it must be DB"],
  [
    "one local file for two databases",
    "[[d1_databases]]\nbinding = \"DB\"\ndatabase_id = \"x\"\n\n  [[ d1_databases ]]\n  preview_database_id = 'x'\n  binding = 'DB_2' # two\n",
    "Two databases of wrangler.toml have the preview_database_id x: give DB_2 another one.",
  ],
])("a wrangler.toml with %s is refused", (_, text, told) => expect(() => databasesIn(text)).toThrow(told));
