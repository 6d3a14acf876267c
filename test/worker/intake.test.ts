/** The intake: what it takes is durable, goes into the queue by few messages, and is in the log once. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventMessage, StoredEvent } from "../../worker/event.ts";
import { meterOf } from "../../worker/meter/measure.ts";
import { Intake } from "../../worker/queue/intake.ts";
import { intakeOf } from "../../worker/queue/outlet.ts";
import { forgetHealth, type Health } from "../../worker/reports/health.ts";
import { ask, visit } from "./knock.ts";
import { createProject, storedEvent } from "./log.ts";

const LONG = { timeout: 200_000, interval: 100 };
const free = { ...env, PLAN: "free" } as Env;

async function idsOf(project_id: string): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT event_id FROM events WHERE project_id = ? ORDER BY event_id")
    .bind(project_id)
    .all<{ event_id: string }>();
  return results.map(({ event_id }) => event_id);
}
const logged = (project_id: string, ids: string[]) =>
  vi.waitFor(async () => expect(await idsOf(project_id)).toEqual(ids.toSorted()), LONG);

type Send = (message: EventMessage) => Promise<unknown>;

/** An intake of the test's own, whose queue is what it is given until the object is evicted. */
async function own(send: Send, LOCAL = "1") {
  const stub = env.INTAKE.getByName(crypto.randomUUID());
  await runInDurableObject(stub, (intake) => {
    Object.assign(intake, { env: { EVENTS: { send }, LOCAL } });
  });
  const bindings = { ...free, INTAKE: { getByName: () => stub } } as unknown as Env;
  return { stub, bindings };
}
const away = () => Promise.reject(new Error("queue overloaded"));

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("an event on the free plan", () => {
  it("is acknowledged, and then in the log: 256 at once", async () => {
    await createProject("many");
    const ids = Array.from({ length: 256 }, (_, n) => `many-${n}`);
    const answers = await Promise.all(ids.map((id) => visit("many", `&event_id=${id}`, { bindings: free })));
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
    await logged("many", ids);
    await vi.waitFor(
      async () => expect(await intakeOf(env).state()).toEqual({ messages: 0, events: 0, refused_since: null }),
      LONG,
    );
  });

  it("waits while the queue takes nothing, health says so, and an eviction loses none", async () => {
    await createProject("waiting");
    vi.spyOn(console, "error").mockReturnValue();
    const { stub, bindings } = await own(away);
    expect((await visit("waiting", "&event_id=w-1", { bindings })).status).toBe(200);
    await vi.waitFor(async () => expect((await stub.state()).refused_since).not.toBeNull(), LONG);
    expect((await visit("waiting", "&event_id=w-2", { bindings })).status).toBe(200);
    const health = async () => {
      forgetHealth();
      const answer = await ask("/health", { bindings });
      return [answer.status, (await answer.json<Health>()).dependencies.intake];
    };
    expect(await health()).toEqual([503, "failing"]);
    expect(await idsOf("waiting")).toEqual([]);

    // The object that comes next has the queue itself.
    await evictDurableObject(stub);
    expect(await health()).toEqual([503, "failing"]);
    expect(await stub.state()).toMatchObject({ events: 2 });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await logged("waiting", ["w-1", "w-2"]);
    expect(await health()).toEqual([200, "ok"]);
    forgetHealth();
  });

  it("counts once where the object ends between the sending and its note of it", async () => {
    await createProject("crash");
    vi.spyOn(console, "error").mockReturnValue();
    let sends = 0;
    const { stub, bindings } = await own(async (message) => {
      sends++;
      await env.EVENTS.send(message);
      // The run ends as if nothing had come back; what follows is of an object that knows no more than its storage.
      throw new Error("ended");
    });
    expect((await visit("crash", "&event_id=c-1", { bindings })).status).toBe(200);
    await logged("crash", ["c-1"]);
    const known = async () => (await meterOf(env).read())["queue known"] ?? 0;
    const before = await known();
    await vi.waitFor(async () => expect((await stub.state()).refused_since).not.toBeNull(), LONG);
    await evictDurableObject(stub);
    await runDurableObjectAlarm(stub);
    await vi.waitFor(async () => expect(await known()).toBeGreaterThan(before), LONG);
    expect([sends, (await stub.state()).events, await idsOf("crash")]).toEqual([1, 0, ["c-1"]]);
  });

  it.each<[string, () => Promise<void>]>([
    ["fails", () => Promise.reject(new Error("overloaded"))],
    ["does not answer", () => new Promise<void>(() => undefined)],
  ])("goes into the queue where the intake %s, and is refused where that takes nothing, too", async (_, take) => {
    const project_id = crypto.randomUUID();
    await createProject(project_id);
    vi.spyOn(console, "warn").mockReturnValue();
    vi.spyOn(console, "error").mockReturnValue();
    const INTAKE = { getByName: () => ({ take }) };
    const bindings = { ...free, INTAKE } as unknown as Env;
    expect((await visit(project_id, "&event_id=a-1", { bindings })).status).toBe(200);
    await logged(project_id, ["a-1"]);
    const both = { ...bindings, EVENTS: { send: away } } as unknown as Env;
    expect((await visit(project_id, "&event_id=a-2", { bindings: both })).status).toBe(503);
  });
});

describe("a day of the free plan", () => {
  const DAY = 86_400_000;
  const MIDNIGHT = Date.UTC(2030, 0, 2);

  /** Lets a day pass in an intake that is not local: events at these times, and alarms when they are due. */
  async function pass(events: readonly { at: number; event: StoredEvent }[], until: number) {
    vi.useFakeTimers({ toFake: ["Date"] });
    const messages: { at: number; events: StoredEvent[] }[] = [];
    let [rows, waiting] = [0, 0];
    await runInDurableObject(env.INTAKE.getByName(crypto.randomUUID()), async (_, state) => {
      const { sql } = state.storage;
      const exec = sql.exec.bind(sql);
      const counted = (...given: Parameters<typeof exec>) => {
        const cursor = exec(...given);
        if (!given[0].trimStart().startsWith("SELECT")) rows += cursor.rowsWritten;
        return cursor;
      };
      Object.assign(sql, { exec: counted });
      const setAlarm = state.storage.setAlarm.bind(state.storage);
      Object.assign(state.storage, {
        setAlarm: (at: number) => {
          rows++;
          return setAlarm(at);
        },
      });
      const send = async (message: EventMessage) => messages.push({ at: Date.now(), events: [...message.events] });
      const intake = new Intake(state, { EVENTS: { send } as unknown as Env["EVENTS"], LOCAL: "" });
      const alarmsUntil = async (at: number) => {
        for (let alarm = await state.storage.getAlarm(); alarm !== null && alarm <= at; ) {
          vi.setSystemTime(alarm);
          await state.storage.deleteAlarm();
          await intake.alarm();
          alarm = await state.storage.getAlarm();
        }
      };
      for (const { at, event } of events) {
        await alarmsUntil(at);
        vi.setSystemTime(at);
        await intake.take({ events: [event], request_ids: ["0190a1b2-0000-7000-8000-000000000000"] });
      }
      await alarmsUntil(until);
      waiting = (await intake.state()).events;
      await state.storage.deleteAlarm();
    });
    return { messages, rows, waiting };
  }

  const at = (n: number, time: number) => ({
    at: time,
    event: storedEvent({
      project_id: "default",
      event_type: "visit",
      event_id: `day-${n}`,
      player_id: "p",
      timestamp: time,
      received_at: time,
    }),
  });

  it("takes 30,000 events that come one by one, in 3,333 messages at most, none later than 41 seconds", async () => {
    const COUNT = 30_000;
    const events = Array.from({ length: COUNT }, (_, n) => at(n, MIDNIGHT + Math.floor((n * DAY) / COUNT)));
    const { messages, rows } = await pass(events, MIDNIGHT + DAY + 60_000);
    const arrived = messages.flatMap((message) => message.events.map((event) => ({ event, at: message.at })));
    expect(arrived.map(({ event }) => event.event_id)).toEqual(events.map(({ event }) => event.event_id));
    expect(messages.length).toBeLessThanOrEqual(3_333);
    expect(Math.max(...arrived.map(({ event, at }) => at - event.received_at))).toBeLessThanOrEqual(41_000);
    expect(rows).toBeLessThan(100_000 / 2);
  });

  it("sends no more where all of them are full or nearly so, and keeps what is left for the next day", async () => {
    const COUNT = 90_000;
    // A hundred together, and one alone between them.
    const times = Array.from({ length: COUNT }, (_, n) => Math.floor(n / 101) * 90_000 + (n % 101 ? 0 : 45_000));
    const events = times.toSorted((one, other) => one - other).map((time, n) => at(n, MIDNIGHT + time));
    const { messages, waiting } = await pass(events, MIDNIGHT + DAY);
    expect(messages.length).toBeLessThanOrEqual(3_333);
    const sent = messages.flatMap((message) => message.events.map(({ event_id }) => event_id));
    expect(new Set(sent).size).toBe(COUNT - waiting);
  });
});
