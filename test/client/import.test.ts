/** `npm run import` against a real server: killed and resumed, run twice, through a network that fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { logged, report, type Server, startServer } from "../server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
let server: Server;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "edgepixel-import-"));
  server = await startServer();
  for (const [project_id, timezone] of [
    ["old", "UTC"],
    ["elsewhere", "UTC"],
    ["kyiv", "Europe/Kyiv"],
  ]) {
    const answer = await fetch(`${server.url}/api/v1/projects`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}` },
      body: JSON.stringify({ project_id, timezone, currency: "EUR" }),
    });
    expect(answer.status).toBe(201);
  }
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** 10,000 lines: 8,000 events (2,000 of them bad), and a third format, most of whose lines are no events. */
const JSON_LINES = 5_000;
const CSV_LINES = 2_999;
const LOG_LINES = 2_000;
const DAY = Date.UTC(2016, 4, 1);
const pad = (n: number) => String(n).padStart(2, "0");

const ndjson = Array.from({ length: JSON_LINES }, (_, n) => {
  // Every tenth is refused: by its form, its time, its player.
  if (n % 30 === 7) return '{"event_type":"spin",';
  if (n % 30 === 17) return JSON.stringify({ event_type: "spin", player_id: `p${n}`, timestamp: Date.UTC(1999, 0) });
  if (n % 30 === 27) return JSON.stringify({ event_type: "spin", timestamp: DAY });
  // Every second line equals the one before it, and is a separate event.
  return JSON.stringify({ event_type: "spin", player_id: `p${n >> 1}`, timestamp: DAY + (n >> 1) });
});
const refusedJson = ndjson.filter((_, n) => n % 10 === 7).length;

const csv = [
  "when;who;payout;note",
  ...Array.from({ length: CSV_LINES }, (_, n) =>
    n % 100 === 50
      ? `2016-05-02T10:00:00Z;c${n};1,250;"thousands or places"`
      : `2016-05-02T10:00:00Z;c${n};0.01;"he said ""${n}""; and left"`,
  ),
];
const refusedCsv = csv.filter((line) => line.includes("1,250")).length;

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/50.0 Safari/537.36",
  "Mozilla/5.0 (compatible; Googlebot/2.1)",
];
const log = Array.from({ length: LOG_LINES }, (_, n) => {
  const target = n % 4 === 0 ? `/visit?player_id=l${n}&btag=a%2Bb&project_id=old` : `/page/${n}`;
  const agent = AGENTS[n % 40 === 0 ? 1 : 0];
  return `203.0.113.${n % 250} - - [03/May/2016:${pad(n % 24)}:00:00 +0000] "GET ${target} HTTP/1.1" 200 43 "https://aff.example/p" "${agent}"`;
});
const visits = log.filter((_, n) => n % 4 === 0 && n % 40 !== 0).length;
const bots = log.filter((_, n) => n % 40 === 0).length;

const events = JSON_LINES - refusedJson + CSV_LINES - refusedCsv + visits + bots;

const path = (name: string) => join(folder, name);
function files(): { json: string; csv: string; log: string } {
  const made = { json: path("old.ndjson"), csv: path("deposits.csv"), log: path("access.log.gz") };
  writeFileSync(made.json, `${ndjson.join("\n")}\n`);
  writeFileSync(made.csv, csv.join("\r\n"));
  writeFileSync(made.log, gzipSync(`${log.join("\n")}\n`));
  return made;
}
const MAPPING = [
  "--type",
  "deposit",
  "--map",
  "timestamp=when",
  "--map",
  "player_id=who",
  "--map",
  "amount=payout",
  "--set",
  "currency=EUR",
];

function start(
  args: string[],
  key: string | null = server.token,
): { child: ChildProcess; ended: Promise<{ status: number | null; output: string }> } {
  const { EDGEPIXEL_KEY: _, ...rest } = process.env;
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "scripts/import.ts", "--project", "old", ...args],
    {
      cwd: ROOT,
      env: { ...rest, ...(key !== null && { EDGEPIXEL_KEY: key }) },
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<{ status: number | null; output: string }>((done) =>
    child.on("close", (status) => done({ status, output })),
  );
  return { child, ended };
}
const run = (args: string[], key?: string | null) => start(args, key).ended;

type Metrics = { rows: { event_type: string; total: number }[] };
async function totals(): Promise<Record<string, number>> {
  const { rows } = await report<Metrics>(server, "metrics?project_id=old&from=2016-05-01&to=2016-05-31");
  const sums: Record<string, number> = {};
  for (const { event_type, total } of rows) sums[event_type] = (sums[event_type] ?? 0) + total;
  return sums;
}
async function botsSeen(): Promise<number> {
  return (await report<{ total: number }>(server, "bots?project_id=old&from=2016-05-01&to=2016-05-31")).total;
}
const ALL = { spin: JSON_LINES - refusedJson, deposit: CSV_LINES - refusedCsv, visit: visits };
/** Waits until the log has all events, and checks that it has no more. */
async function holds(expected: Record<string, number>): Promise<void> {
  await vi.waitFor(async () => expect(await totals()).toEqual(expected), { timeout: 200_000, interval: 250 });
  expect(await logged(server, "project_id = 'old' AND counted = 1")).toEqual(expected);
}

/** A proxy in front of the server; `meet` is called before a request is forwarded and after it was answered. */
async function proxy(meet: (n: number, when: "before" | "after", answer: ServerResponse) => boolean) {
  let n = 0;
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const counts = incoming.method === "POST";
    const number = counts ? ++n : 0;
    if (counts && meet(number, "before", outgoing)) return;
    const headers = Object.fromEntries(
      ["authorization", "content-type", "content-encoding"].flatMap((name) => {
        const value = incoming.headers[name];
        return typeof value === "string" ? [[name, value]] : [];
      }),
    );
    const answer = await fetch(server.url + incoming.url, {
      method: incoming.method ?? "GET",
      headers,
      ...(counts && { body: Buffer.concat(chunks) }),
    });
    const text = await answer.text();
    if (counts && meet(number, "after", outgoing)) return;
    outgoing.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  };
  const http = createServer((incoming, outgoing) => void handle(incoming, outgoing).catch(() => outgoing.destroy()));
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests: () => n,
    stop() {
      http.closeAllConnections();
      http.close();
    },
  };
}

it("a dry run reports what an import would do, and changes nothing", async () => {
  const { json, csv: table, log: access } = files();
  const rejects = path("dry.ndjson");
  const dry = await run(["--dry-run", "--rejects", rejects, json, table, access, ...MAPPING], null);
  expect(dry.output).toMatch(new RegExp(`${(JSON_LINES - refusedJson).toLocaleString("en")} events valid`));
  expect(dry.status).toBe(0);
  expect(readFileSync(rejects, "utf8").trim().split("\n").length).toBe(refusedJson + refusedCsv);
  for (const file of [json, table, access]) expect(existsSync(`${file}.import.json`)).toBe(false);
  expect(await totals()).toEqual({});
});

it("10,000 mixed lines, killed in the middle, resumed, and run again, count once each", async () => {
  const { json, csv: table, log: access } = files();
  const rejects = path("rejects.ndjson");
  let child: ChildProcess | null = null;
  let seen = "";
  // Killed when the server has accepted a batch, before the importer gets the answer.
  const between = await proxy((n, when, answer) => {
    if (n === 2 && when === "before") return !!answer.writeHead(503, { "retry-after": "1" }).end("busy");
    if (n === 4 && when === "before") return !!answer.destroy();
    if (n === 6 && when === "before") return !!answer.writeHead(429, { "retry-after": "1" }).end("slower");
    if (n !== 12 || when !== "after" || !child) return false;
    seen = readFileSync(`${json}.import.json`, "utf8");
    child.kill("SIGKILL");
    child = null;
    answer.destroy();
    return true;
  });
  const args = ["--url", between.url, "--rejects", rejects, json, table, access, ...MAPPING];
  const first = start(args);
  child = first.child;
  const killed = await first.ended;
  expect(killed.status).toBeNull();
  const [{ end, tally }] = Object.values(JSON.parse(seen)) as [{ end: number; tally: { accepted: number } }];
  expect(end).toBeGreaterThan(0);
  expect(tally.accepted).toBeLessThan(JSON_LINES);

  const before = between.requests();
  const resumed = await run(args);
  expect(resumed).toMatchObject({ status: 0 });
  // It continued: events that were settled before were not sent again.
  expect(between.requests() - before).toBeLessThan(Math.ceil(events / 450) - Math.floor(tally.accepted / 500) + 4);
  expect(resumed.output).toMatch(
    new RegExp(
      `old.ndjson\\n +5,000 lines read\\n +${(JSON_LINES - refusedJson).toLocaleString("en")} events accepted\\n +${refusedJson} refused`,
    ),
  );
  expect(resumed.output).toMatch(/1,500 not a pixel/);
  await holds(ALL);
  expect(await botsSeen()).toBe(bots);

  const refusals = readFileSync(rejects, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(refusals.length).toBe(refusedJson + refusedCsv);
  expect(refusals.map(({ line, raw }) => [raw, line])).toEqual([
    ...ndjson.flatMap((line, n) => (n % 10 === 7 ? [[line, n + 1]] : [])),
    ...csv.flatMap((line, n) => (line.includes("1,250") ? [[line, n + 1]] : [])),
  ]);
  expect(new Set(refusals.map(({ errors }) => `${errors[0].field} ${errors[0].code}`))).toEqual(
    new Set(["line invalid", "timestamp timestamp_out_of_range", "player_id missing", "amount invalid"]),
  );

  const still = between.requests();
  expect(await run(args)).toMatchObject({ status: 0 });
  expect(between.requests()).toBe(still);
  expect(readFileSync(rejects, "utf8").trim().split("\n").length).toBe(refusals.length);

  // Without its state it does all of it again.
  for (const file of [json, table, access]) rmSync(`${file}.import.json`);
  expect(await run(args)).toMatchObject({ status: 0 });
  expect(between.requests()).toBeGreaterThan(still + 10);
  await holds(ALL);

  // The import of a file that has grown continues at its former end.
  writeFileSync(json, `${[...ndjson, ndjson[0], ndjson[0]].join("\n")}\n`);
  expect((await run(args)).output).toContain("5,002 lines read");
  between.stop();
  await holds({ ...ALL, spin: ALL.spin + 2 });
});

it("says what is wrong before it sends anything", async () => {
  const { json, csv: csvFile } = files();
  const workbook = path("book.xlsx");
  writeFileSync(workbook, "PK\x03\x04");
  const state = `${json}.import.json`;
  rmSync(state, { force: true });
  const made = await fetch(`${server.url}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ name: "viewer", role: "viewer", project_id: "old" }),
  });
  const { key: viewer } = (await made.json()) as { key: string };
  const wrong: [string[], string | null, RegExp][] = [
    [[], server.token, /Name the files/],
    [[path("none")], server.token, /There is no file/],
    [[json, "--map", "amuont=x"], server.token, /amuont/],
    [[json, "--format", "xml"], server.token, /--format must be one of/],
    [[json, "--preset", "tracker"], server.token, /--preset must be one of .*keitaro/],
    [[json, "--timezone", "Kyiv"], server.token, /--timezone Kyiv: write a name such as Europe\/Kyiv/],
    [[json, "--encoding", "ansi"], server.token, /--encoding ansi: write a name such as windows-1252/],
    [[json, "--path", "b.gif"], server.token, /--path b.gif: write \/path/],
    [[csvFile, "--map", "player_id=whom"], server.token, /There is no column "whom". The header has "when", "who"/],
    [[csvFile], server.token, /No column has the name of a field/],
    [[workbook], server.token, /an Excel workbook: unpack it, or save the sheet as CSV/],
    [[json], "wrong", /does not know this key/],
    [[json], viewer, /role admin/],
    [[json, "--project", "nowhere"], server.token, /there is no project nowhere/],
    [[json, "--url", "https://user:pass@pixel.example"], server.token, /EDGEPIXEL_KEY/],
    [[json, "--url", "http://pixel.example"], server.token, /https/],
    [[json, "--url", "https://pixel.example"], null, /EDGEPIXEL_KEY/],
    [[json, "--url", "http://127.0.0.1:9"], server.token, /Nothing answers/],
  ];
  for (const [args, key, message] of wrong) {
    const { status, output } = await run(["--url", server.url, ...args], key);
    expect([status, output]).toEqual([1, expect.stringMatching(message)]);
    expect(output).not.toContain("to go on");
  }
  expect(existsSync(state)).toBe(false);
});

it("a file without a readable line ends with status 1, and a file with at least one with 0", async () => {
  const nothing = path("nothing.ndjson");
  writeFileSync(nothing, '{"event_type":"visit","player_id":"p"}\n');
  const { status, output } = await run(["--dry-run", nothing], null);
  expect([status, output]).toEqual([
    1,
    expect.stringMatching(/timestamp missing[\s\S]*Not one line of .* is an event/),
  ]);
  const something = path("something.ndjson");
  const good = JSON.stringify({ event_type: "visit", player_id: "p", timestamp: DAY });
  writeFileSync(something, `{"event_type":"visit","player_id":"p"}\n${good}\n`);
  expect((await run(["--dry-run", something], null)).status).toBe(0);
});

it("times without a zone are in the project's time zone, unless another is named", async () => {
  const sales = path("keitaro.csv");
  writeFileSync(
    sales,
    "Sub ID;TID;Status;Click datetime;Postback datetime;Revenue\n" +
      "s1;T-1;sale;2016-06-01 23:30:00;2016-06-02 00:10:00;21.0\n" +
      "s2;T-2;lead;2016-06-01 23:40:00;2016-06-02 00:12:00;21.0\n" +
      "s1;T-1;sale;2016-06-01 23:30:00;2016-06-02 08:00:00;25.5\n",
  );
  const args = ["--url", server.url, "--project", "kyiv", "--preset", "keitaro", "--set", "currency=EUR", sales];
  const own = await run([...args, "--map", "timestamp=Click datetime"]);
  expect(own).toMatchObject({ status: 0 });
  expect(own.output).toMatch(/2 +of them timestamp without a zone: taken as Europe\/Kyiv; --timezone names another/);
  expect(own.output).toMatch(/1 Status is another \(--where\)/);
  type Days = { rows: { event_date: string; total: number }[] };
  const days = async () => (await report<Days>(server, "metrics?project_id=kyiv&from=2016-05-30&to=2016-06-05")).rows;
  const told = async () => (await days()).map(({ event_date, total }) => [event_date, total]);
  // The second line of the sale is a correction, which does not count.
  await vi.waitFor(async () => expect(await told()).toEqual([["2016-06-01", 1]]), { timeout: 200_000, interval: 250 });
});
