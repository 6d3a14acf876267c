/** `npm run restore` and `npm run export` with two databases, each with its part of the bucket. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundled, type Line, serve, TOKEN } from "../../../bench/server.ts";
import { traffic } from "../../../bench/traffic.ts";
import { append } from "../../../worker/event-log/append.ts";
import { GROUPS } from "../../../worker/projections/index.ts";
import { advance } from "../../../worker/projections/runner.ts";
import { databaseOf } from "../../../worker/store/database.ts";
import { onShard } from "../../../worker/store/shards.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const END = Date.parse("2026-05-03T00:00:00Z");
const EVENTS = { main: 2_000, "2": 1_000 };
const out = mkdtempSync(join(tmpdir(), "shards-"));

let worker: Awaited<ReturnType<typeof serve>>;
/** The two databases that are lost later, with the bucket that stays. */
let lost: Env;
let heard: (line: Line) => void = () => undefined;

beforeAll(async () => {
  worker = await serve(await bundled(), { databases: ["DB_2", "LOST", "LOST_2"], hear: (line) => heard(line) });
  const [DB, DB_2] = await Promise.all(["LOST", "LOST_2"].map((name) => worker.miniflare.getD1Database(name)));
  lost = { DB, DB_2, ARCHIVE: await worker.miniflare.getR2Bucket("ARCHIVE") } as unknown as Env;
});
afterAll(async () => {
  await worker?.miniflare.dispose();
  rmSync(out, { recursive: true });
});

/** Puts events into a database that is lost afterwards, and archives them. */
async function archived(shard: keyof typeof EVENTS): Promise<void> {
  const env = onShard(lost, shard);
  const db = databaseOf(env);
  await append(db, [...traffic(EVENTS[shard], { days: 2, end: END })]);
  for (const projection of GROUPS.archive.projections)
    while ((await advance(env, db, projection, END + 3_600_000)).behind > 0);
}

const command = (script: string, ...options: string[]) =>
  spawn(process.execPath, [script, "--url", `http://127.0.0.1:${worker.port}`, ...options], {
    cwd: ROOT,
    env: { ...process.env, EDGEPIXEL_KEY: TOKEN },
  });

function ended(child: ReturnType<typeof command>): Promise<{ code: number | null; output: string }> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  return new Promise((done) => child.on("close", (code) => done({ code, output })));
}
const restore = (...options: string[]) => ended(command("scripts/restore.ts", ...options));

const countOn = async (binding: string) => {
  const database = await worker.miniflare.getD1Database(binding);
  return (await database.prepare("SELECT count(*) AS events FROM events").first<{ events: number }>())?.events;
};

it("restores the shard that has an archive, and says that the first database has none", async () => {
  await archived("2");
  const { code, output } = await restore();
  expect(output).toContain("Shard main: The bucket holds no archive. (409)");
  expect(output).toContain("Shard 2: The log is whole: 1,000 events");
  expect(code).toBe(0);
  expect([await countOn("DB"), await countOn("DB_2")]).toEqual([0, EVENTS["2"]]);
});

it("goes on after it was stopped, and restores no event twice", async () => {
  await archived("main");
  const child = command("scripts/restore.ts");
  let steps = 0;
  heard = ({ message, route }) => {
    if (message === "request" && String(route).endsWith("/archive/restore") && ++steps === 3) child.kill("SIGKILL");
  };
  expect((await ended(child)).code).toBe(null);
  heard = () => undefined;
  let again = await restore();
  // The step that was under way when it was stopped.
  if (again.output.includes("Another step of the restore was faster")) again = await restore();
  expect(again.output).toContain("Shard main: The log is whole: 2,000 events");
  expect(again.output).toContain("Shard 2: The log is whole: 1,000 events");
  expect(again.code).toBe(0);
  expect([await countOn("DB"), await countOn("DB_2")]).toEqual([EVENTS.main, EVENTS["2"]]);
});

it("restores one shard alone, and names those that there are", async () => {
  const { code, output } = await restore("--shard", "2");
  expect([code, output]).toEqual([0, expect.stringContaining("Shard 2: The log is whole")]);
  expect(output).not.toContain("Shard main");
  const unknown = await restore("--shard", "3");
  expect([unknown.code, unknown.output]).toEqual([
    1,
    expect.stringContaining("The instance has no shard 3. It has main, 2."),
  ]);
});

it("exports the files of each shard into a folder as in the bucket", async () => {
  const days = ["--from", "2026-05-01", "--to", "2026-05-02", "--out", out];
  for (const kept of [/ 0 were there already/, / [1-9]\d* were there already/]) {
    const { code, output } = await ended(command("scripts/export.ts", ...days));
    expect(output).toMatch(/Shard main: \d+ files with 2,000 events/);
    expect(output).toMatch(/Shard 2: \d+ files with 1,000 events/);
    expect(output).toMatch(kept);
    expect(code).toBe(0);
  }
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = async (files: string) => {
    const read = await connection.runAndReadAll(`SELECT count(*)::INTEGER AS rows FROM '${files}'`);
    return read.getRowObjectsJS()[0]?.rows;
  };
  expect(await rows(`${out}/events/**/*.parquet`)).toBe(EVENTS.main);
  expect(await rows(`${out}/shards/2/events/**/*.parquet`)).toBe(EVENTS["2"]);
});
