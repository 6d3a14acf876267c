/** A project's administrator changes its attribution window: its own figures follow, and no other project notices. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { ADMIN, makeApiKey } from "./keys.ts";
import {
  changeWindow,
  createProject,
  deliver,
  figuresIn,
  reattributeSome,
  settle,
  step,
  storedEvent,
  TABLES,
} from "./log.ts";
import { figuresOf } from "./oracle.ts";
import { settling } from "./retaining.ts";

const HOST = "https://reattribution.example";
const DAY = 86_400_000;
const NOW = Date.now();
const PROJECTS = ["tenant", "neighbour"];
const sent: Record<string, StoredEvent[]> = {};

/** Each person comes by a tag, and does something 1, 5 and 20 days later. */
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

const patch = (project_id: string, changes: object, headers: HeadersInit = ADMIN) =>
  SELF.fetch(`${HOST}/api/v1/projects/${project_id}`, { method: "PATCH", headers, body: JSON.stringify(changes) });
const cursors = async () =>
  (await env.DB.prepare("SELECT name, cursor FROM projections").all<{ name: string; cursor: number }>()).results.filter(
    ({ name }) => TABLES.some((projection) => projection.name === name),
  );

beforeAll(async () => {
  for (const project_id of PROJECTS) {
    await createProject(project_id);
    sent[project_id] = eventsOf(project_id, "p");
    await deliver([{ events: sent[project_id] }]);
  }
  await settle(TABLES);
});

describe("a changed attribution window", () => {
  it("sends no projection back, and every report of all projects stays whole while people are attributed again", async () => {
    const headers = { authorization: `Bearer ${await makeApiKey({ role: "admin", project_id: "tenant" })}` };
    const [before, neighbour, own] = [await cursors(), await figuresIn("neighbour"), await figuresIn("tenant")];
    expect((await patch("tenant", { attribution_days: 3 }, headers)).status).toBe(200);
    expect(await cursors()).toEqual(before);
    for (let more = true; more; ) {
      more = await reattributeSome(8);
      expect(await figuresIn("neighbour")).toEqual(neighbour);
      // What does not depend on tags stays as it is at every moment.
      expect((await figuresIn("tenant")).daily_metrics).toEqual(own.daily_metrics);
    }
    await settle(TABLES);
    expect(await figuresIn("tenant")).toEqual(figuresOf(sent.tenant as StoredEvent[], 3));
    expect(await figuresIn("neighbour")).toEqual(figuresOf(sent.neighbour as StoredEvent[], 30));
    expect(await figuresIn("tenant")).not.toEqual(own);
  });

  it("holds for events that come while people are being attributed again, and for a change of the change", async () => {
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

  it("makes new answers: what was kept of the old ones is not given", async () => {
    const ask = (headers: HeadersInit = {}) =>
      SELF.fetch(
        `${HOST}/api/v1/campaigns?project_id=tenant&from=2020-01-01&to=${new Date(NOW - DAY).toISOString().slice(0, 10)}`,
        {
          headers: { ...ADMIN, ...headers },
        },
      );
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

  it("is decided by what is stored, not by what an isolate remembers", async () => {
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

  it("waits for no other project's settled days, and settles none while it is under way", async () => {
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
