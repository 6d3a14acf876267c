/** Projects in three databases: each event is once in the right one, and a database that fails delays no other. */
import { createExecutionContext, createMessageBatch, getQueueResult, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { saveSettings } from "../../worker/archive/settings.ts";
import type { EventMessage, StoredEvent } from "../../worker/event.ts";
import type { Restored } from "../../worker/event-log/restore.ts";
import worker from "../../worker/index.ts";
import { forgetProjects } from "../../worker/project.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { forgetHealth, type Health } from "../../worker/reports/health.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { MAIN, onShard, shardsOf } from "../../worker/store/shards.ts";
import { answerOf, call, callWith, HOST, read, sendPixel } from "../worker/api.ts";
import { runDuty } from "../worker/duty.ts";
import { unwokenAt } from "../worker/gate.ts";
import { ADMIN, bearer, makeApiKey } from "../worker/keys.ts";
import { DEAD_LETTER_QUEUE, deliver, home, settle, storedEvent, turnTo } from "../worker/log.ts";
import { lose } from "../worker/loss.ts";

/** A project on each shard. */
const PLACES = { near: MAIN, far: "2", away: "3" } as const;
const PROJECTS = Object.keys(PLACES) as (keyof typeof PLACES)[];

const create = (project_id: string, shard?: string, more = {}) =>
  call("POST", "/projects", { project_id, ...more, ...(shard && { shard }) });

const valuesOn = async (shard: string, text: string, ...given: unknown[]) =>
  (
    await onShard(env, shard)
      .DB.prepare(text)
      .bind(...given)
      .raw()
  ).flat();
const eventsOn = (shard: string, project_id: string) =>
  valuesOn(shard, "SELECT event_id FROM events WHERE project_id = ? ORDER BY event_id", project_id);

let sent = 0;
const visit = (project_id: string, more: Partial<StoredEvent> = {}) =>
  storedEvent({
    project_id,
    event_type: "visit",
    event_id: `e-${String(sent).padStart(5, "0")}`,
    visitor_id: `v-${sent++}`,
    ...more,
  });

/** The bindings with some methods of a shard's database failing. */
function without(shard: string): Env {
  const name = shard === MAIN ? "DB" : `DB_${shard}`;
  const failing = async () => {
    throw new Error("D1_ERROR: the database is away");
  };
  const statement = { bind: () => statement, all: failing, raw: failing, run: failing, first: failing };
  return Object.create(env, {
    [name]: { value: { prepare: () => statement, batch: failing }, enumerable: true },
  }) as Env;
}

/** Passes one message to the consumer, and returns whether it was taken, or comes again. */
async function consume(events: StoredEvent[], bindings: Env = env, attempts = 1) {
  const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts, body: { events } };
  const batch = createMessageBatch<EventMessage>("edgepixel-events", [message]);
  await worker.queue(batch, bindings);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  expect(explicitAcks.length + retryMessages.length).toBe(1);
  return explicitAcks.length === 1 ? "taken" : "comes again";
}

async function settleAll(): Promise<void> {
  for (const shard of shardsOf(env)) {
    turnTo(shard);
    await settle([...GROUPS.tables.projections, ...GROUPS.figures.projections, ...GROUPS.live.projections]);
  }
  turnTo(MAIN);
}

beforeAll(async () => {
  for (const project_id of PROJECTS) {
    const response = await create(project_id, PLACES[project_id]);
    expect(response.status, await response.clone().text()).toBe(201);
    expect(await response.json()).toMatchObject({ project_id, shard: PLACES[project_id] });
  }
});

describe("a project", () => {
  it("is listed and shown with its shard, wherever it is", async () => {
    const { rows } = await read<{ rows: { project_id: string; shard: string }[] }>("/projects");
    expect(Object.fromEntries(rows.map(({ project_id, shard }) => [project_id, shard]))).toEqual({
      default: MAIN,
      ...PLACES,
    });
    for (const project_id of PROJECTS)
      expect(await read(`/projects/${project_id}`)).toMatchObject({ project_id, shard: PLACES[project_id] });
    const { projects } = await read<{ projects: { project_id: string }[] }>("/session");
    // By name.
    expect(projects.map(({ project_id }) => project_id)).toEqual(["default", "away", "far", "near"]);
  });

  it("is changed where it is", async () => {
    const changed = await answerOf<{ name: string }>("PATCH", "/projects/far", {
      name: "Far away",
      timezone: "Asia/Tokyo",
    });
    expect(changed).toMatchObject({ name: "Far away", shard: "2" });
    expect(await read("/projects/far")).toMatchObject({ name: "Far away", timezone: "Asia/Tokyo", shard: "2" });
  });

  it("needs a shard that exists, and an id that no shard has", async () => {
    const unknown = await create("nowhere", "7");
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({ errors: [{ field: "shard" }] });
    for (const project_id of PROJECTS)
      for (const shard of [undefined, "2", "3"]) expect((await create(project_id, shard)).status).toBe(409);
    expect((await create("default", "2")).status).toBe(409);
  });

  it("is made once, by however many requests for however many shards at the same time", async () => {
    for (let round = 0; round < 5; round++) {
      const project_id = `raced-${round}`;
      const answers = await Promise.all(
        [undefined, "2", "3", undefined, "2", "3"].map((shard) => create(project_id, shard)),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, 409, 409, 409, 409, 409]);
      const made = answers.find(({ status }) => status === 201) as Response;
      const { shard } = await made.json<{ shard: string }>();
      const found = await Promise.all(
        shardsOf(env).map((one) => valuesOn(one, "SELECT project_id FROM projects WHERE project_id = ?", project_id)),
      );
      expect(found.flat()).toEqual([project_id]);
      expect(await read(`/projects/${project_id}`)).toMatchObject({ shard });
    }
  });
});

describe("events", () => {
  it("of every door are once in the database of their project, and count in its reports", async () => {
    const key = await makeApiKey({ role: "admin", project_id: null });
    for (const project_id of PROJECTS)
      expect(
        (await sendPixel("/visit", { project_id, visitor_id: `by-pixel-${project_id}`, banner_tag: "x" })).status,
      ).toBe(200);
    const events = PROJECTS.flatMap((project_id) =>
      [1, 2, 3].map((n) => ({
        project_id,
        event_type: "visit",
        event_id: `batch-${project_id}-${n}`,
        visitor_id: `by-batch-${n}`,
      })),
    );
    const answer = await call("POST", "/events", events, bearer(key));
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ accepted: 9, rejected: 0 });
    for (const project_id of PROJECTS) {
      await vi.waitFor(async () => expect(await eventsOn(PLACES[project_id], project_id)).toHaveLength(4), {
        timeout: 60_000,
        interval: 200,
      });
      for (const other of shardsOf(env).filter((shard) => shard !== PLACES[project_id]))
        expect(await eventsOn(other, project_id)).toEqual([]);
    }
    await settleAll();
    for (const project_id of PROJECTS) {
      const { points } = await read<{ points: { value: number }[] }>(
        `/metrics/visits?granularity=day&project_id=${project_id}`,
      );
      expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(4);
    }
  });

  it("of several shards in one message are all stored while one of them fails, and none twice when it works again", async () => {
    const events = PROJECTS.flatMap((project_id) => [visit(project_id), visit(project_id)]);
    const ids = (project_id: string) =>
      events.filter((event) => event.project_id === project_id).map((event) => event.event_id);
    const before = await Promise.all(PROJECTS.map((project_id) => eventsOn(PLACES[project_id], project_id)));
    expect(await consume(events, without("2"))).toBe("comes again");
    for (const [n, project_id] of PROJECTS.entries())
      expect(await eventsOn(PLACES[project_id], project_id)).toEqual(
        [...(before[n] ?? []), ...(project_id === "far" ? [] : ids(project_id))].sort(),
      );
    // It gave up: only what the log lacks becomes a dead letter.
    await deliver([{ events }], env, DEAD_LETTER_QUEUE);
    const letters = await Promise.all(
      shardsOf(env).map((shard) => valuesOn(shard, "SELECT event_id FROM dead_letters ORDER BY event_id")),
    );
    expect(letters).toEqual([[], ids("far"), []]);
    const replayed = await answerOf("POST", "/dead-letters/replay?shard=2", { all: true });
    expect(replayed).toMatchObject({ replayed: 2, failed: 0 });
    expect(await consume(events, env, 2)).toBe("taken");
    for (const [n, project_id] of PROJECTS.entries())
      expect(await eventsOn(PLACES[project_id], project_id)).toEqual([...(before[n] ?? []), ...ids(project_id)].sort());
  });

  it("are stored by an isolate that knows the places while `main` is away", async () => {
    const events = [visit("far"), visit("away")];
    await deliver([{ events: [visit("far"), visit("away")] }]);
    expect(await consume(events, without(MAIN))).toBe("taken");
    expect(await eventsOn("2", "far")).toContain(events[0]?.event_id);
    expect(await eventsOn("3", "away")).toContain(events[1]?.event_id);
  });

  it("of `main` delay those of other shards in the same batch as little, while `main` is away", async () => {
    const events = [visit("near"), visit("far")];
    await consume([visit("near"), visit("far")]);
    expect(await consume(events, without(MAIN))).toBe("comes again");
    expect(await eventsOn("2", "far")).toContain(events[1]?.event_id);
    expect(await consume(events, env, 2)).toBe("taken");
    expect(await eventsOn(MAIN, "near")).toContain(events[0]?.event_id);
  });
});

describe("what an id names without its project", () => {
  it("is found on its shard, by a key for all projects and by one of the project alone", async () => {
    const key = bearer(await makeApiKey({ role: "admin", project_id: "far" }));
    const stranger = bearer(await makeApiKey({ role: "admin", project_id: "away" }));
    const { annotation_id } = await answerOf<{ annotation_id: string }>("POST", "/annotations", {
      project_id: "far",
      from: "2026-05-01",
      text: "a note",
    });
    expect(await valuesOn("2", "SELECT annotation_id FROM annotations")).toEqual([annotation_id]);
    const change = { text: "another" };
    expect((await call("PATCH", `/annotations/${annotation_id}`, change, stranger)).status).toBe(404);
    expect((await call("PATCH", `/annotations/${annotation_id}`, change, key)).status).toBe(200);
    expect((await call("DELETE", `/annotations/${annotation_id}`)).status).toBe(204);
    expect(await valuesOn("2", "SELECT annotation_id FROM annotations")).toEqual([]);
  });

  it("opens by a share link, until it is revoked", async () => {
    const { share_id, token } = await answerOf<{ share_id: string; token: string }>("POST", "/shares", {
      project_id: "far",
      name: "a link",
    });
    const { session, project_id } = await answerOf<{ session: string; project_id: string }>(
      "POST",
      "/share-sessions",
      { token },
      {},
    );
    expect(project_id).toBe("far");
    const asked = () => call("GET", "/metrics/visits?project_id=far", undefined, bearer(session));
    expect((await asked()).status).toBe(200);
    expect((await call("GET", "/metrics/visits?project_id=away", undefined, bearer(session))).status).toBe(403);
    await answerOf("DELETE", `/shares/${share_id}`);
    expect((await asked()).status).toBe(401);
  });

  it("cannot be said while a shard is away that may have it", async () => {
    const id = "0b0d4c53-0000-7000-8000-000000000000";
    expect((await call("DELETE", `/annotations/${id}`)).status).toBe(404);
    expect((await callWith(without("3"), "DELETE", `/annotations/${id}`)).status).toBe(503);
  });
});

describe("rates", () => {
  it("are copied to each shard, and corrected there", async () => {
    const rate = (usd_rate: string) => ({
      rates: [{ currency_code: "EUR", rate_date: "2026-05-01", usd_rate, data_source: "test" }],
    });
    for (const given of ["1.10", "1.20"]) {
      await answerOf("POST", "/exchange-rates", rate(given));
      for (const shard of ["2", "3"]) {
        await runDuty("exchange rates", onShard(env, shard));
        expect(await valuesOn(shard, "SELECT * FROM exchange_rates")).toEqual(
          await valuesOn(MAIN, "SELECT * FROM exchange_rates"),
        );
      }
    }
    expect(await valuesOn("2", "SELECT usd_rate FROM exchange_rates")).toEqual([120_000_000]);
  });
});

describe("the instance", () => {
  it("says how each database is, and which one fails", async () => {
    forgetHealth();
    const well = await (await SELF.fetch(`${HOST}/health`)).json<Health>();
    expect(Object.keys(well.shards ?? {})).toEqual(["2", "3"]);
    expect(well.shards?.["2"]).toMatchObject({ dependencies: { database: "ok" }, failing_duties: [] });
    forgetHealth();
    const request = new Request(`${HOST}/health`) as Parameters<typeof worker.fetch>[0];
    const response = await worker.fetch(request, without("3"), createExecutionContext());
    expect(response.status).toBe(503);
    const bad = await response.json<Health>();
    expect(bad).toMatchObject({ status: "failing", dependencies: { database: "ok" } });
    expect(bad.shards).toMatchObject({
      "2": { dependencies: { database: "ok" } },
      "3": { status: "failing", dependencies: { database: "failing" } },
    });
    forgetHealth();
  });

  it("has each project's samples once, with the shard as a label", async () => {
    const text = await (await SELF.fetch(`${HOST}/metrics`, { headers: ADMIN })).text();
    const counted = text
      .split("\n")
      .filter((line) => line.startsWith("edgepixel_events_accepted_total") && line.includes('outcome="counted"'));
    for (const project_id of PROJECTS) {
      const own = counted.filter((line) => line.includes(`project_id="${project_id}"`));
      expect(own).toHaveLength(1);
      expect(own[0]).toContain(`shard="${PLACES[project_id]}"`);
    }
    expect(counted.filter((line) => line.includes('project_id="default"'))).toHaveLength(1);
    expect(text).toContain('edgepixel_projection_lag_events{projection="daily",shard="3"}');
    const far = await (await SELF.fetch(`${HOST}/metrics?project_id=far`, { headers: ADMIN })).text();
    expect(far).toContain('project_id="far"');
    expect(far).not.toContain('project_id="near"');
  });

  it("has the duties of each shard woken by cron", async () => {
    const events = [visit("far"), visit("away")];
    await consume(events);
    const counted = async (shard: string) =>
      valuesOn(
        shard,
        "SELECT min(cursor) >= (SELECT max(seq) FROM events) FROM projections WHERE name IN ('daily', 'players')",
      );
    await worker.scheduled({ scheduledTime: Date.UTC(2026, 5, 1, 13), cron: "* * * * *", noRetry() {} }, env);
    for (const shard of ["2", "3"])
      await vi.waitFor(async () => expect(await counted(shard)).toEqual([1]), { timeout: 60_000, interval: 300 });
  });

  it("is asked about one shard, and answers about `main` else", async () => {
    const subjects = async (query: string) =>
      (await read<{ rows: { action: string; subject: string }[] }>(`/audit?limit=500${query}`)).rows
        .filter(({ action }) => action === "project.create")
        .map(({ subject }) => subject);
    expect(await subjects("")).toContain("near");
    expect(await subjects("")).not.toContain("far");
    expect(await subjects("&shard=2")).toContain("far");
    expect(await subjects("&project_id=away")).toEqual(["away"]);
    expect((await call("GET", "/audit?shard=7")).status).toBe(400);
    // A key of a project gets that project's, whatever it asks for.
    const key = bearer(await makeApiKey({ role: "admin", project_id: "far" }));
    const { rows } = await read<{ rows: { project_id: string }[] }>("/audit?shard=3", key);
    expect(new Set(rows.map(({ project_id }) => project_id))).toEqual(new Set(["far"]));
  });
});

describe("the archive", () => {
  /** By day, so that they do not depend on the time of the question. */
  const reports = async () => {
    const asked = (project_id: string) => read<{ rows: unknown[] }>(`/metrics?project_id=${project_id}`);
    return (await Promise.all(PROJECTS.map(asked))).map(({ rows }) => rows);
  };
  const restoreOn = async (shard: string) => {
    for (;;) {
      const { phase, rows_done } = await answerOf<Restored>("POST", `/archive/restore?shard=${shard}`);
      if (phase === "done") return rows_done;
    }
  };

  it("has a part for each shard, from which a lost one comes back while the others go on", async () => {
    for (const shard of shardsOf(env)) {
      turnTo(shard);
      await settle(GROUPS.archive.projections);
      await runDuty("archive", unwokenAt(home), Date.now() + 3_600_000);
    }
    turnTo(MAIN);
    await settleAll();
    const before = await reports();
    expect(before.every((rows) => rows.length > 0)).toBe(true);
    const keys = (await env.ARCHIVE.list()).objects.map(({ key }) => key);
    for (const part of ["events/", "shards/2/events/", "shards/3/events/", "shards/2/state/", "state/"])
      expect(
        keys.some((key) => key.startsWith(part)),
        part,
      ).toBe(true);
    const kept = await eventsOn("2", "far");
    turnTo("2");
    await lose();
    turnTo(MAIN);
    forgetProjects();
    expect(await eventsOn("2", "far")).toEqual([]);
    const meanwhile = await sendPixel("/visit", { project_id: "near", visitor_id: "meanwhile", banner_tag: "x" });
    expect(meanwhile.status).toBe(200);
    expect(await restoreOn("2")).toBe(kept.length);
    forgetProjects();
    expect(await eventsOn("2", "far")).toEqual(kept);
    await settleAll();
    const [, far, away] = await reports();
    expect([far, away]).toEqual(before.slice(1));
    const event_id = meanwhile.headers.get("x-event-id");
    await vi.waitFor(async () => expect(await eventsOn(MAIN, "near")).toContain(event_id), {
      timeout: 60_000,
      interval: 200,
    });
  });

  it("of `main` brings back where each project is, and its keys", async () => {
    const key = bearer(await makeApiKey({ role: "viewer", project_id: "far" }));
    await settleAll();
    await settle(GROUPS.archive.projections);
    await saveSettings(env.ARCHIVE, databaseOf(env), Date.now());
    const before = await reports();
    const kept = await eventsOn(MAIN, "near");
    await lose();
    forgetProjects();
    expect((await sendPixel("/visit", { project_id: "far", visitor_id: "lost", banner_tag: "x" })).status).toBe(400);
    await restoreOn(MAIN);
    forgetProjects();
    await settleAll();
    expect(await reports()).toEqual(before);
    expect(await eventsOn(MAIN, "near")).toEqual(kept);
    expect((await call("GET", "/metrics/visits?granularity=day", undefined, key)).status).toBe(200);
    expect((await call("GET", "/projects/near")).status).toBe(200);
  });
});

it("a project whose place was lost is found again when it is made again", async () => {
  await env.DB.prepare("DELETE FROM placements WHERE project_id = 'far'").run();
  forgetProjects();
  expect((await call("GET", "/projects/far")).status).toBe(400);
  expect((await create("far", "2")).status).toBe(409);
  forgetProjects();
  expect(await read("/projects/far")).toMatchObject({ shard: "2" });
});

describe("a project that is removed", () => {
  it("leaves nothing on its shard and on `main`, and its id can then be used anywhere", async () => {
    expect((await create("going", "3")).status).toBe(201);
    const key = bearer(await makeApiKey({ role: "viewer", project_id: "going" }));
    expect((await call("GET", "/metrics/visits", undefined, key)).status).toBe(200);
    await answerOf("DELETE", "/projects/going");
    forgetProjects();
    expect(await valuesOn(MAIN, "SELECT id FROM keys WHERE project_id = 'going'")).toEqual([]);
    expect([400, 401]).toContain((await call("GET", "/metrics/visits?project_id=going")).status);
    // Until the second search its id is taken, wherever it is wanted.
    for (const shard of [undefined, "2", "3"]) expect((await create("going", shard)).status).toBe(409);
    await runDuty("removals", onShard(env, "3"), Date.now() + 300_000);
    expect(await valuesOn(MAIN, "SELECT shard FROM placements WHERE project_id = 'going'")).toEqual([]);
    expect(await valuesOn("3", "SELECT project_id FROM projects WHERE project_id = 'going'")).toEqual([]);
    // What was under way belongs to no project.
    await deliver([{ events: [visit("going", { received_at: Date.now() })] }]);
    expect(await eventsOn(MAIN, "going")).toEqual([]);
    forgetProjects();
    expect((await create("going", "2")).status).toBe(201);
    expect(await read("/projects/going")).toMatchObject({ shard: "2" });
  });
});
