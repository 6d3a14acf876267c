/** `npm run export` against the Worker, behind a network that fails, with a real D1 and a real bucket. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundled, serve, TOKEN } from "../../../bench/server.ts";
import { traffic } from "../../../bench/traffic.ts";
import { compact } from "../../../worker/archive/compaction.ts";
import { append } from "../../../worker/event-log/append.ts";
import { archive } from "../../../worker/projections/archive.ts";
import { advance } from "../../../worker/projections/runner.ts";
import { type Database, databaseOf } from "../../../worker/store/database.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const EVENTS = 3_000;
const END = Date.parse("2026-05-03T00:00:00Z");
const out = mkdtempSync(join(tmpdir(), "export-"));

let worker: Awaited<ReturnType<typeof serve>>;
let env: Env;
let db: Database;
let server: Server;
let url: string;
/** The faults that the network applies to the next answers. */
let broken = 0;

beforeAll(async () => {
  worker = await serve(await bundled());
  env = (await worker.miniflare.getBindings()) as unknown as Env;
  db = databaseOf(env);
  await append(db, [...traffic(EVENTS, { days: 2, end: END })]);
  while ((await advance(env, db, archive, END + 3_600_000, 700)).behind > 0);
  server = createServer(async (request, response) => {
    const answer = await fetch(`http://127.0.0.1:${worker.port}${request.url}`, {
      headers: { authorization: request.headers.authorization ?? "" },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (request.url?.includes(".parquet") && broken > 0) {
      const half = broken-- % 2 === 0;
      response.writeHead(half ? 200 : 503, { "retry-after": "1" }).end(half ? body.subarray(0, 100) : "");
    } else response.writeHead(answer.status).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server?.close();
  await worker?.miniflare.dispose();
  rmSync(out, { recursive: true });
});

const DAYS = ["--from", "2026-05-01", "--to", "2026-05-02"];
function run(key = TOKEN, options = [...DAYS, "--out", out]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ["scripts/export.ts", "--url", url, ...options], {
    cwd: ROOT,
    env: { ...process.env, EDGEPIXEL_KEY: key },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  return new Promise((done) => child.on("exit", (code) => done({ code, output })));
}

async function events(): Promise<unknown> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::INTEGER AS rows, count(DISTINCT seq)::INTEGER AS seqs FROM '${out}/events/**/*.parquet'`,
  );
  return reader.getRowObjectsJS()[0];
}
const files = () => readdirSync(out, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".parquet"));
const WHOLE = { rows: EVENTS, seqs: EVENTS };

it("downloads every file, also when the network breaks off", async () => {
  broken = 4;
  const { code, output } = await run();
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining("with 3,000 events") });
  expect(await events()).toEqual(WHOLE);
});

it("resumes where it was interrupted, and downloads damaged files again", async () => {
  const [damaged, missing] = files() as [string, string];
  writeFileSync(join(out, damaged), "damaged");
  rmSync(join(out, missing));
  const before = files().length + 1;
  const { output } = await run();
  expect(output).toContain(`${before - 2} were there already`);
  expect(await events()).toEqual(WHOLE);
});

it("deletes files whose events have since been merged into another file", async () => {
  expect(await compact(env, db, END + 86_400_000)).toMatchObject({ finished: true });
  const before = files().length;
  const { code } = await run();
  expect(code).toBe(0);
  expect(files().length).toBeLessThan(before);
  expect(await events()).toEqual(WHOLE);
});

it("writes manifests that list each event once, also when the folder has files that are not in them", async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(`SET VARIABLE files = (SELECT list('${out}/' || file.key)
    FROM (SELECT unnest(files) AS file FROM read_json('${out}/manifest/*.json')))`);
  const reader = await connection.runAndReadAll(
    "SELECT count(*)::INTEGER AS rows, count(DISTINCT seq)::INTEGER AS seqs FROM read_parquet(getvariable('files'))",
  );
  expect(reader.getRowObjectsJS()).toEqual([WHOLE]);
});

it("says when the archive has no files for these days, and then creates no folder", async () => {
  const nowhere = join(out, "nowhere");
  const { code, output } = await run(TOKEN, ["--from", "2020-01-01", "--to", "2020-01-31", "--out", nowhere]);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining("has no events from 2020-01-01") });
  expect(existsSync(nowhere)).toBe(false);
});

it("accepts no key as an argument, and no empty key", async () => {
  const given = await run(TOKEN, [...DAYS, "--out", out, "--key", TOKEN]);
  expect(given).toMatchObject({ code: 1, output: expect.stringContaining("EDGEPIXEL_KEY") });
  // An empty EDGEPIXEL_KEY counts as none.
  const { output } = await run("", [...DAYS, "--out", out, "--url", "https://pixel.invalid"]);
  expect(output).toContain("Put a key with the role admin into EDGEPIXEL_KEY.");
});

it("says why it fails when the key is wrong", async () => {
  expect(await run("another")).toMatchObject({ code: 1, output: expect.stringContaining("401") });
});
