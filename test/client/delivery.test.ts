/** Every event is delivered once, through every fault of network and server: real HTTP, real server. */
import { spawnSync } from "node:child_process";
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type BreakerState, createClient } from "../../pixel/client.ts";
import { logged, type Server, startServer } from "../server.ts";

let server: Server;
let key: string;

beforeAll(async () => {
  server = await startServer();
  const answer = await fetch(`${server.url}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "sdk", role: "collect", project_id: "default" }),
  });
  expect(answer.status).toBe(201);
  key = ((await answer.json()) as { key: string }).key;
});
afterAll(() => server?.stop());

const day = (at: number) => new Date(at).toISOString().slice(0, 10);
async function total(event_type: string, since: number): Promise<number> {
  const query = new URLSearchParams({ from: day(since), to: day(Date.now()), event_type });
  const answer = await fetch(`${server.url}/api/v1/metrics?${query}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  const { rows } = (await answer.json()) as { rows: { total: number }[] };
  return rows.reduce((sum, row) => sum + row.total, 0);
}

type Fault = "none" | "503" | "429" | "hang" | "cut before" | "cut after" | "cut answer";

/** A proxy in front of the server; `faults` apply to the next requests, in turn. */
async function faultyProxy(faults: Fault[]): Promise<{ url: string; met: Fault[]; reached: string[]; stop(): void }> {
  const met: Fault[] = [];
  /** Ids of the events that were passed on. */
  const reached: string[] = [];
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const fault = faults[met.length] ?? "none";
    met.push(fault);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    if (fault === "hang") return;
    if (fault === "cut before") return void outgoing.destroy();
    if (fault === "503") return void outgoing.writeHead(503, { "retry-after": "1" }).end("busy");
    if (fault === "429") {
      const inASecond = new Date(Date.now() + 1_000).toUTCString();
      return void outgoing.writeHead(429, { "retry-after": inASecond }).end("slow down");
    }
    const body = Buffer.concat(chunks);
    for (const event of JSON.parse(body.toString()).events) reached.push(event.event_id);
    const answer = await fetch(server.url + incoming.url, {
      method: "POST",
      headers: {
        authorization: incoming.headers.authorization ?? "",
        "content-type": incoming.headers["content-type"] ?? "",
      },
      body,
    });
    const text = await answer.text();
    if (fault === "cut after") return void outgoing.destroy();
    outgoing.writeHead(answer.status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    if (fault === "cut answer") outgoing.write(text.slice(0, 100), () => outgoing.destroy());
    else outgoing.end(text);
  };
  const proxy: HttpServer = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    met,
    reached,
    stop() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

it("delivers 10,000 events once each, through every fault", async () => {
  const turn: Fault[] = ["none", "503", "none", "hang", "cut before", "none", "cut after", "429", "none", "cut answer"];
  const outage: Fault[] = ["503", "cut before", "429", "cut before", "503", "cut before", "cut before"];
  const proxy = await faultyProxy([...turn, ...outage, ...turn, ...turn]);
  const since = Date.now();
  const states: BreakerState[] = [];
  const unexpected: unknown[] = [];
  const client = createClient({
    url: proxy.url,
    key,
    timeout: 2_000,
    flushInterval: 50,
    batchEvents: 400,
    backOff: { first: 20, longest: 200 },
    breaker: { failures: 5, coolDown: 300, longestCoolDown: 1_000 },
    onState: (state) => states.push(state),
    onRejected: (event, errors) => unexpected.push(event, errors),
    onDropped: (events, reason) => unexpected.push(events.length, reason),
  });
  try {
    for (let n = 0; n < 10_000; n++) {
      client.track({ event_type: "spin", player_id: `player-${n % 700}`, data: { bet: n } });
      // Lets the client's timers run.
      if (n % 1_000 === 0) await new Promise((next) => setTimeout(next, 20));
    }
    const stats = await client.flush({ timeout: 60_000 });
    expect(unexpected).toEqual([]);
    expect(stats).toMatchObject({ accepted: 10_000, rejected: 0, dropped: 0, buffered: 0, inFlight: 0 });
    expect(stats.retries).toBeGreaterThan(10);
    expect(new Set(proxy.met)).toEqual(new Set([...turn, ...outage]));
    // Some reached the server more than once, and still count once.
    expect(proxy.reached.length).toBeGreaterThan(10_000);
    expect(new Set(proxy.reached).size).toBe(10_000);
    expect(states.slice(0, 2)).toEqual(["open", "half-open"]);
    expect(states.at(-1)).toBe("closed");
    expect(client.state).toBe("closed");
    await vi.waitFor(async () => expect(await total("spin", since)).toBe(10_000), { timeout: 200_000, interval: 250 });
    // Nothing more comes after them.
    expect(await logged(server, `event_type = 'spin' AND received_at >= ${since}`)).toEqual({ spin: 10_000 });
  } finally {
    await client.close({ timeout: 0 });
    proxy.stop();
  }
});

it("reports the events that the server refuses, one by one", async () => {
  const refused: string[] = [];
  const client = createClient({
    url: server.url,
    key,
    onRejected: ({ player_id }, errors) =>
      refused.push(`${player_id} ${errors.map(({ field, code }) => `${field} ${code}`)}`),
  });
  client.track({ event_type: "deposit", player_id: "good", amount: "0.0001", currency: "EUR" });
  client.track({ event_type: "deposit", player_id: "money", amount: 1e21, currency: "EUR" });
  client.track({ event_type: "visit", player_id: "time", timestamp: 5 });
  client.track({ event_type: "No Type", player_id: "type" });
  expect(await client.close()).toMatchObject({ accepted: 1, rejected: 3, retries: 0 });
  expect(refused).toEqual(["money amount invalid", "time timestamp timestamp_out_of_range", "type event_type invalid"]);

  const stranger = createClient({
    url: server.url,
    key: "wrong",
    onRejected: (_, errors) => refused.push(`${errors[0]?.code}`),
  });
  stranger.track({ event_type: "visit", player_id: "p" });
  expect(await stranger.close()).toMatchObject({ rejected: 1, retries: 0 });
  expect(refused.at(-1)).toBe("http_401");
});

it("keeps no process alive, except to flush", () => {
  const client = resolve(import.meta.dirname, "../../pixel/client.ts");
  const run = (body: string) =>
    spawnSync(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { createClient } from ${JSON.stringify(client)};
         let asked = 0;
         const unreachable = async () => { asked++; throw new TypeError("unreachable"); };
         const client = createClient({ url: "http://127.0.0.1:9", key: "k", fetch: unreachable, flushInterval: 3_600_000,
           backOff: { first: 200, longest: 200 }, random: () => 1 });
         client.track({ event_type: "spin", player_id: "p" });
         process.on("exit", () => console.log(JSON.stringify({ ...client.stats(), asked })));
         ${body}`,
      ],
      { encoding: "utf8", timeout: 20_000 },
    );
  const left = run("");
  expect([left.status, JSON.parse(left.stdout)]).toMatchObject([0, { buffered: 1, asked: 0 }]);
  const flushed = run("await client.flush({ timeout: 500 });");
  expect([flushed.status, JSON.parse(flushed.stdout)]).toMatchObject([0, { buffered: 1, asked: 3 }]);
});
