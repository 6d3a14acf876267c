/** A project's administrator changes its attribution window: its figures follow, and no other project is affected. */
import { env, runDurableObjectAlarm, runInDurableObject, SELF } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { forgetHealth, type Health } from "../../worker/reports/health.ts";
import { call, get, HOST } from "./api.ts";
import { runOnce } from "./duty.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import {
  changeWindow,
  createProject,
  deliver,
  figuresIn,
  keepToTables,
  reattributeSome,
  settle,
  step,
  storedEvent,
  TABLES,
} from "./log.ts";
import { figuresOf } from "./oracle.ts";
import { settling } from "./retaining.ts";

// It looks into the tables.
beforeAll(keepToTables);

const DAY = 86_400_000;
const NOW = Date.now();
const PROJECTS = ["tenant", "neighbour"];
const sent: Record<string, StoredEvent[]> = {};

/** Each person comes by a tag, and has events 1, 5 and 20 days later. */
const eventsOf = (project_id: string, prefix: string) =>
  Array.from({ length: 12 }, (_, n) =>
    [0, 1, 5, 20].map((days) =>
      storedEvent({
        project_id,
        event_type: days === 0 ? "visit" : days === 1 ? "registration" : "deposit",
        player_id: `${prefix}${n}`,
        banner_tag: days === 0 ? `tag-${n % 3}` : null,
        timestamp: NOW - (25 - days) * DAY,
        ...(days > 1 && { amount: 100_000, currency: "EUR" }),
      }),
    ),
  ).flat();

const patch = (project_id: string, changes: object, headers?: HeadersInit) =>
  call("PATCH", `/projects/${project_id}`, changes, headers);
const cursors = async () =>
  (await env.DB.prepare("SELECT name, cursor FROM projections").all<{ name: string; cursor: number }>()).results.filter(
    ({ name }) => TABLES.some((projection) => projection.name === name),
  );

/** The people of the project `ailing` cannot be attributed again as long as this trigger exists. */
const ailing = () =>
  env.DB.prepare(
    "CREATE TRIGGER ailing BEFORE UPDATE OF moves ON reattributions WHEN NEW.project_id = 'ailing' BEGIN SELECT RAISE(ABORT, 'no luck'); END",
  ).run();
/** The next run of the tables, in epoch milliseconds; 0 if none is due. */
const nextRun = async () =>
  (await runInDurableObject(env.RUNNER.getByName("tables"), (_, state) => state.storage.getAlarm())) ?? 0;

afterEach(() => {
  vi.restoreAllMocks();
});
beforeAll(async () => {
  for (const project_id of PROJECTS) {
    await createProject(project_id);
    sent[project_id] = eventsOf(project_id, "p");
    await deliver([{ events: sent[project_id] }]);
  }
  await settle(TABLES);
});

describe("a changed attribution window", () => {
  it("sets no projection back, and every report of all projects stays complete while people are attributed again", async () => {
    const headers = bearer(await makeApiKey({ role: "admin", project_id: "tenant" }));
    const [before, neighbour, own] = [await cursors(), await figuresIn("neighbour"), await figuresIn("tenant")];
    expect((await patch("tenant", { attribution_days: 3 }, headers)).status).toBe(200);
    expect(await cursors()).toEqual(before);
    for (let more = true; more; ) {
      more = await reattributeSome(8);
      expect(await figuresIn("neighbour")).toEqual(neighbour);
      // Figures that do not depend on tags are the same at every moment.
      expect((await figuresIn("tenant")).daily_metrics).toEqual(own.daily_metrics);
    }
    await settle(TABLES);
    expect(await figuresIn("tenant")).toEqual(figuresOf(sent.tenant as StoredEvent[], 3));
    expect(await figuresIn("neighbour")).toEqual(figuresOf(sent.neighbour as StoredEvent[], 30));
    expect(await figuresIn("tenant")).not.toEqual(own);
  });

  it("applies to events that arrive while people are attributed again, and can be changed meanwhile", async () => {
    await changeWindow("tenant", 30);
    await reattributeSome(8);
    const more = eventsOf("tenant", "q").concat(
      storedEvent({
        project_id: "tenant",
        event_type: "visit",
        player_id: "p0",
        banner_tag: "late",
        timestamp: NOW - 22 * DAY,
      }),
      storedEvent({
        project_id: "tenant",
        event_type: "visit",
        player_id: "p9",
        banner_tag: "late",
        timestamp: NOW - 22 * DAY,
      }),
    );
    await deliver([{ events: more }]);
    for (const projection of TABLES) await step(projection);
    await reattributeSome(8);
    expect((await patch("tenant", { attribution_days: 7 })).status).toBe(200);
    await settle(TABLES);
    sent.tenant?.push(...more);
    expect(await figuresIn("tenant")).toEqual(figuresOf(sent.tenant as StoredEvent[], 7));
    expect(await figuresIn("neighbour")).toEqual(figuresOf(sent.neighbour as StoredEvent[], 30));
  });

  it("changes the answers: cached older ones are not used", async () => {
    const ask = (headers: HeadersInit = {}) =>
      get(`/campaigns?project_id=tenant&from=2020-01-01&to=${new Date(NOW - DAY).toISOString().slice(0, 10)}`, {
        ...ADMIN,
        ...headers,
      });
    const first = await ask();
    const etag = first.headers.get("etag") as string;
    const rows = await first.json();
    expect((await ask({ "if-none-match": etag })).status).toBe(304);
    await patch("tenant", { attribution_days: 1 });
    await settle(TABLES);
    await patch("tenant", { attribution_days: 7 });
    await settle(TABLES);
    expect(await (await ask()).json()).toEqual(rows);
    await patch("tenant", { attribution_days: 1 });
    await settle(TABLES);
    const then = await ask({ "if-none-match": etag });
    expect(then.status).toBe(200);
    expect(await then.json()).not.toEqual(rows);
  });

  it("is detected from what is stored, not from what an isolate remembers", async () => {
    await createProject("stale");
    await patch("stale", { name: "known here" });
    // Another isolate changes it.
    await changeWindow("stale", 60);
    const refused = await patch("stale", { retention: { events_days: 62 } });
    expect(refused.status).toBe(400);
    const answer = await (await patch("stale", { name: "again" })).json();
    expect(answer).toMatchObject({ attribution_days: 60, name: "again" });
    await settle(TABLES);
    expect((await patch("stale", { attribution_days: 30 })).status).toBe(200);
    const found = await env.DB.prepare(
      "SELECT former_days, days, place FROM reattributions WHERE project_id = 'stale'",
    ).first();
    expect([found?.days, found?.place === null || found?.former_days === 60]).toEqual([30, true]);
  });

  it("that fails is reported in /health until it works, is retried, and delays neither tables nor other projects", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    for (const project_id of ["ailing", "well"]) {
      await createProject(project_id);
      sent[project_id] = eventsOf(project_id, "p");
      await deliver([{ events: sent[project_id] }]);
    }
    await settle(TABLES);
    await changeWindow("ailing", 3);
    await changeWindow("well", 3);
    await ailing();
    const said = async () => {
      forgetHealth();
      const answer = await SELF.fetch(`${HOST}/health`);
      const { failing_duties } = await answer.json<Health>();
      const metrics = await (await SELF.fetch(`${HOST}/metrics`, { headers: ADMIN })).text();
      expect(metrics).toContain(`edgepixel_duties_failing ${failing_duties.length}\n`);
      return failing_duties;
    };
    const run = async () => {
      for (;;) {
        const { progress } = await runOnce("tables");
        if (progress !== "more") return progress;
      }
    };
    expect(await run()).toBe("later");
    const [failing, ...others] = await said();
    expect([failing, others]).toEqual([{ name: "reattribution", since: expect.any(String) }, []]);
    expect(await figuresIn("well")).toEqual(figuresOf(sent.well as StoredEvent[], 3));
    // Events that arrive meanwhile are counted.
    const more = eventsOf("well", "q");
    await deliver([{ events: more }]);
    expect(await run()).toBe("later");
    expect(await figuresIn("well")).toEqual(figuresOf([...(sent.well as StoredEvent[]), ...more], 3));
    expect(await said()).toEqual([failing]);
    // It is retried after a pause, which this test does not wait for.
    await env.RUNNER.getByName("tables").wake("tables");
    await vi.waitUntil(async () => (await nextRun()) > Date.now(), { timeout: 200_000 });
    await env.DB.prepare("DROP TRIGGER ailing").run();
    await runDurableObjectAlarm(env.RUNNER.getByName("tables"));
    await vi.waitUntil(async () => (await said()).length === 0, { timeout: 200_000 });
    await settle(TABLES);
    expect(await figuresIn("ailing")).toEqual(figuresOf(sent.ailing as StoredEvent[], 3));
  });

  it("that waits for its next try delays no request for the tables", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    await changeWindow("ailing", 5);
    await ailing();
    const tables = env.RUNNER.getByName("tables");
    // Each failed run doubles the pause.
    for (let runs = 0; runs < 5; runs++) expect(await tables.bringForward("tables", 0, 200_000)).toBe(true);
    expect(await nextRun()).toBeGreaterThan(Date.now());
    await env.DB.prepare("DROP TRIGGER ailing").run();
    await tables.wake("tables");
    await vi.waitUntil(async () => (await nextRun()) === 0, { timeout: 200_000 });
    await settle(TABLES);
    expect(await figuresIn("ailing")).toEqual(figuresOf(sent.ailing as StoredEvent[], 5));
  });

  it("does not wait for other projects' settled days, and lets no day be settled while it runs", async () => {
    await createProject("keeper");
    await env.DB.prepare("UPDATE projects SET settled_before = '2020-01-01' WHERE project_id = 'keeper'").run();
    expect((await patch("keeper", { attribution_days: 31 })).status).toBe(409);
    await env.DB.prepare("UPDATE projects SET retention = ? WHERE project_id = 'neighbour'")
      .bind(JSON.stringify({ events_days: 62 }))
      .run();
    await changeWindow("neighbour", 29);
    expect(await settling(NOW + 400 * DAY)).toBe("waiting");
    await settle(TABLES);
    expect(await settling(NOW + 400 * DAY)).toBe("done");
  });
});
