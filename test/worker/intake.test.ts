/** The intake: accepted events are durable, go into the queue in few messages, and are in the log once. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventMessage, StoredEvent } from "../../worker/event.ts";
import { meterOf } from "../../worker/meter/measure.ts";
import { NEW_ALLOWANCE, nextAt, spent } from "../../worker/queue/allowance.ts";
import { Intake } from "../../worker/queue/intake.ts";
import { intakeOf } from "../../worker/queue/outlet.ts";
import { forgetHealth, type Health } from "../../worker/reports/health.ts";
import { ALLOWANCES } from "../../worker/store/plan.ts";
import { ask, visit } from "./knock.ts";
import { createProject, storedEvent } from "./log.ts";

const LONG = { timeout: 200_000, interval: 100 };
const free = { ...env, PLAN: "free" } as Env;

async function newProject(): Promise<string> {
  const project_id = crypto.randomUUID();
  await createProject(project_id);
  return project_id;
}

async function idsOf(project_id: string): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT event_id FROM events WHERE project_id = ? ORDER BY event_id")
    .bind(project_id)
    .all<{ event_id: string }>();
  return results.map(({ event_id }) => event_id);
}
const logged = (project_id: string, ids: string[]) =>
  vi.waitFor(async () => expect(await idsOf(project_id)).toEqual(ids.toSorted()), LONG);

type Send = (message: EventMessage) => Promise<unknown>;

/** A separate intake for a test, with a given queue until the object is evicted. */
async function own(send: Send) {
  const stub = env.INTAKE.getByName(crypto.randomUUID());
  await runInDurableObject(stub, (intake) => {
    Object.assign(intake, { env: { EVENTS: { send }, LOCAL: "1" } });
  });
  const bindings = { ...free, INTAKE: { getByName: () => stub } } as unknown as Env;
  return { stub, bindings };
}
/** Waits until the queue has refused its messages; the test then makes the next try. */
async function refused(stub: DurableObjectStub<Intake>): Promise<void> {
  await vi.waitFor(async () => expect((await stub.state()).refused_since).not.toBeNull(), LONG);
  await runInDurableObject(stub, (_, state) => state.storage.setAlarm(Date.now() + 86_400_000));
}
const away = () => Promise.reject(new Error("queue overloaded"));

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("an event on the free plan", () => {
  it("is acknowledged and then in the log, also 256 at the same time", async () => {
    const project_id = await newProject();
    const ids = Array.from({ length: 256 }, (_, n) => `many-${n}`);
    const answers = await Promise.all(ids.map((id) => visit(project_id, `&event_id=${id}`, { bindings: free })));
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
    await logged(project_id, ids);
    await vi.waitFor(
      async () => expect(await intakeOf(env).state()).toEqual({ messages: 0, events: 0, refused_since: null }),
      LONG,
    );
  });

  it("waits while the queue refuses messages, health says so, and an eviction loses none", async () => {
    const project_id = await newProject();
    vi.spyOn(console, "error").mockReturnValue();
    const { stub, bindings } = await own(away);
    expect((await visit(project_id, "&event_id=w-1", { bindings })).status).toBe(200);
    await refused(stub);
    expect((await visit(project_id, "&event_id=w-2", { bindings })).status).toBe(200);
    const health = async () => {
      forgetHealth();
      const answer = await ask("/health", { bindings });
      return [answer.status, (await answer.json<Health>()).dependencies.intake];
    };
    expect(await health()).toEqual([503, "failing"]);
    expect(await idsOf(project_id)).toEqual([]);

    // The next instance of the object has the real queue.
    await evictDurableObject(stub);
    expect(await health()).toEqual([503, "failing"]);
    expect(await stub.state()).toMatchObject({ events: 2 });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await logged(project_id, ["w-1", "w-2"]);
    expect(await health()).toEqual([200, "ok"]);
    forgetHealth();
  });

  it("counts once when the object ends between sending and recording it", async () => {
    const project_id = await newProject();
    vi.spyOn(console, "error").mockReturnValue();
    const { stub, bindings } = await own(async (message) => {
      await env.EVENTS.send(message);
      // The run ends as if the answer was lost; afterwards a new instance of the object has only its storage.
      throw new Error("ended");
    });
    expect((await visit(project_id, "&event_id=c-1", { bindings })).status).toBe(200);
    await logged(project_id, ["c-1"]);
    const known = async () => (await meterOf(env).read())["queue known"] ?? 0;
    const before = await known();
    await refused(stub);
    await evictDurableObject(stub);
    await runDurableObjectAlarm(stub);
    await vi.waitFor(async () => expect(await known()).toBeGreaterThan(before), LONG);
    expect([(await stub.state()).events, await idsOf(project_id)]).toEqual([0, ["c-1"]]);
  });

  it.each<[string, () => Promise<void>]>([
    ["fails", () => Promise.reject(new Error("overloaded"))],
    ["does not answer", () => new Promise<void>(() => undefined)],
  ])("goes into the queue directly when the intake %s, and is refused when the queue fails, too", async (_, take) => {
    const project_id = await newProject();
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

  /** Simulates a day of an intake that is not local: events at these times, and alarms when they are due. */
  async function pass(events: readonly { at: number; event: StoredEvent }[], until: number) {
    vi.useFakeTimers({ toFake: ["Date"] });
    const messages: { at: number; events: StoredEvent[] }[] = [];
    let rows = 0;
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
      await state.storage.deleteAlarm();
    });
    return { messages, rows };
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

  it("sends a full message at once, also when no queue operations are saved up", async () => {
    const singles = Array.from({ length: 330 }, (_, n) => at(n, MIDNIGHT + n * 1_000));
    const burst = MIDNIGHT + 330_500;
    const { messages } = await pass([...singles, ...Array.from({ length: 150 }, (_, n) => at(330 + n, burst))], burst);
    expect(messages.at(-2)?.at).toBeLessThan(burst);
    expect(messages.at(-1)).toMatchObject({ at: burst, events: { length: 100 } });
  });

  it.each<[string, (n: number) => boolean, number]>([
    ["all of them are full", () => true, 3_159],
    ["none of them is", () => false, 2_459],
    ["each second is", (n) => n % 2 === 0, 3_159],
  ])("sends no more messages than the queue has operations for, when %s", (_, isFull, most) => {
    let allowance = NEW_ALLOWANCE;
    const days = new Map<number, number>();
    let n = 0;
    for (let now = MIDNIGHT; now < MIDNIGHT + 3 * DAY; now = nextAt(allowance, isFull(n), now)) {
      allowance = spent(allowance, isFull(n++), now);
      const day = Math.floor(now / DAY);
      days.set(day, (days.get(day) ?? 0) + 1);
    }
    const [first, ...others] = days.values();
    expect(first).toBe(most);
    for (const sent of others) expect(sent).toBeLessThanOrEqual(most);
    expect(most * 3).toBeLessThanOrEqual(ALLOWANCES.free.queue_operations_a_day);
  });
});
