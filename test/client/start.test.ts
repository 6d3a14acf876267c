/** `npm start` when a part of its server ends: the server restarts with the same data, or ends and says why. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterEach, expect, it, vi } from "vitest";
import { processes, runs, runtimesOf } from "../../scripts/start/processes.ts";
import type { ShownTarget } from "../../worker/admin/postback-target.ts";
import type { TryView } from "../../worker/admin/postback-tries.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import { browserPath, launch } from "../browser/harness.ts";
import { report } from "../server.ts";
import { type Started, startCommand } from "../start-command.ts";

const generous = { timeout: 120_000, interval: 200 };
let server: Started;
let browser: Browser | undefined;

afterEach(async () => {
  await browser?.close();
  browser = undefined;
  await server?.stop();
});

const childrenOf = (parent: number | undefined) => processes().filter((one) => one.parent === parent);
/** The process group that wrangler and workerd run in. */
const group = (): number => childrenOf(server.process.pid)[0]?.pid ?? 0;
const members = () => processes().filter((one) => one.group === group());

/** The workerd that listens on the port: the other one is restarted by wrangler itself. */
const proxy = (): number => Math.min(...runtimesOf(group()));
const wrangler = (): number => childrenOf(childrenOf(group())[0]?.pid)[0]?.pid ?? 0;

const restarts = () => server.output().split("Edgepixel is running again").length - 1;
const untilRestarted = (times: number) => vi.waitFor(() => expect(restarts()).toBe(times), generous);

const connection = (state: string) => `.status[data-connection="${state}"]:visible >> nth=0`;

const visit = (id: string) =>
  fetch(`${server.url}/visit?event_id=${id}&visitor_id=v-${id}&banner_tag=restart`, {
    signal: AbortSignal.timeout(60_000),
  });

async function storedVisits(): Promise<number> {
  const today = new Date().toISOString().slice(0, 10);
  const from = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const { rows } = await report<Metrics>(server, `metrics?from=${from}&to=${today}&event_type=visit`);
  return rows.reduce((sum, row) => sum + row.total, 0);
}

it("is started again on the same data when its proxy is killed, and the dashboard comes back", async () => {
  server = await startCommand();
  expect((await visit("before")).status).toBe(200);
  await vi.waitFor(async () => expect(await storedVisits()).toBe(1), generous);

  if (browserPath) browser = await launch();
  const page = await browser?.newPage();
  await page?.request.post(`${server.url}/api/v1/session`, { data: { key: server.token } });
  await page?.goto(`${server.url}/?view=live`);
  await page?.locator(connection("live")).waitFor(generous);

  process.kill(proxy(), "SIGKILL");
  // An error within the time that a person waits, and never no answer.
  await expect(visit("meanwhile")).rejects.toThrow(TypeError);
  await page?.locator(connection("reconnecting")).waitFor(generous);
  await untilRestarted(1);
  expect(await storedVisits()).toBe(1);
  expect((await visit("after")).status).toBe(200);
  await vi.waitFor(async () => expect(await storedVisits()).toBe(2), generous);
  await page?.locator(connection("live")).waitFor(generous);
});

it("sends each postback that was under way when it was killed, once for each deposit that the receiver takes", async () => {
  const asked: string[] = [];
  const taken: string[] = [];
  let hangs = true;
  const receiver = createServer((request, response) => {
    const event_id = new URL(request.url ?? "", "http://receiver").searchParams.get("event_id") ?? "";
    asked.push(event_id);
    if (hangs) return;
    taken.push(event_id);
    response.end("OK");
  });
  await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
  try {
    server = await startCommand();
    const { port } = receiver.address() as AddressInfo;
    const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
    const target = {
      ...{ project_id: "default", name: "A tracker", event_types: ["deposit"] },
      url: `http://127.0.0.1:${port}/in?event_id={event_id}`,
    };
    const made = await fetch(`${server.url}/api/v1/postbacks`, {
      ...{ method: "POST", headers, body: JSON.stringify(target) },
    });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as ShownTarget;
    const ids = ["order-1", "order-2", "order-3"];
    for (const event_id of ids) {
      const pixel = `deposit?event_id=${event_id}&player_id=p-${event_id}&btag=restart&amount=5&currency=USD`;
      expect((await fetch(`${server.url}/${pixel}`)).status).toBe(200);
    }
    // What is still in the local queue when the server is killed is lost: only Cloudflare's queue is durable.
    const storedDeposits = async () =>
      (await report<{ rows: unknown[] }>(server, "events?event_type=deposit")).rows.length;
    await vi.waitFor(async () => expect(await storedDeposits()).toBe(ids.length), generous);
    // A target without a successful delivery gets one request at a time.
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0), generous);
    process.kill(wrangler(), "SIGKILL");
    await untilRestarted(1);
    hangs = false;
    await vi.waitFor(() => expect(taken.toSorted()).toEqual(ids), { timeout: 400_000, interval: 500 });
    const triesTaken = async () =>
      (await report<{ rows: TryView[] }>(server, `postbacks/${id}/log`)).rows
        .filter(({ status }) => status === 200)
        .map(({ event_id }) => event_id);
    // A try is recorded after its answer.
    await vi.waitFor(async () => expect((await triesTaken()).toSorted()).toEqual(ids), generous);
    expect(taken.toSorted()).toEqual(ids);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});

it("ends with a non-zero status and says why when it fails again within seconds", async () => {
  server = await startCommand();
  process.kill(wrangler(), "SIGKILL");
  await untilRestarted(1);
  process.kill(wrangler(), "SIGKILL");
  await vi.waitFor(() => expect(server.process.exitCode).toBe(1), generous);
  expect(server.output()).toContain("It failed again within seconds, so it is not started once more.");
});

it("leaves no process behind when it is killed itself", async () => {
  server = await startCommand();
  const left = members().map(({ pid }) => pid);
  expect(left.length).toBeGreaterThan(3);
  server.process.kill("SIGKILL");
  await vi.waitFor(() => expect(left.filter(runs)).toEqual([]), generous);
});
