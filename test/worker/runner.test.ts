/** Duties as their objects run them: one at a time, in pieces, again after a failure, independently of others. */
import { runDurableObjectAlarm, runInDurableObject, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DUTIES, dueAt } from "../../worker/cron.ts";
import type { Duty, Progress } from "../../worker/duties/duty.ts";
import worker from "../../worker/index.ts";
import { forgetHealth, type Health } from "../../worker/reports/health.ts";
import { overruns } from "../../worker/store/budget.ts";
import { PLANS, planOf } from "../../worker/store/plan.ts";
import { HOST } from "./api.ts";
import { ADMIN } from "./keys.ts";

/** A test duty, among the others while the test runs. */
function duty(name: string, run: Duty["run"], every = 60_000): Duty {
  const own: Duty = { name, every, run };
  (DUTIES as Duty[]).push(own);
  return own;
}
const alarmOf = (name: string) =>
  runInDurableObject(env.RUNNER.getByName(name), async (_, state) => state.storage.getAlarm());
/** Waits for a state that is reached without the test. */
const until = (holds: () => boolean | Promise<boolean>) => vi.waitUntil(holds, { timeout: 200_000, interval: 20 });

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  while (DUTIES.at(-1)?.name.startsWith("test ")) (DUTIES as Duty[]).pop();
});

describe("a duty", () => {
  it("continues by itself until it is done, with a separate budget each time", async () => {
    const left: number[] = [];
    duty("test pieces", async (own, budget): Promise<Progress> => {
      await own.DB.prepare("SELECT 1").run();
      left.push(budget.left);
      return left.length < 3 ? "more" : "done";
    });
    await env.RUNNER.getByName("test pieces").wake("test pieces");
    await until(() => left.length === 3);
    await until(async () => (await alarmOf("test pieces")) === null);
    expect(left).toEqual(Array(3).fill(left[0]));
  });

  it("never runs twice at once, and runs again if it was woken meanwhile", async () => {
    let [running, most, runs] = [0, 0, 0];
    const held = Promise.withResolvers<void>();
    duty("test alone", async () => {
      running++;
      runs++;
      most = Math.max(most, running);
      // With separate timers: an object may not wait only for another invocation's promise.
      for (let done = false; !done; await scheduler.wait(10)) {
        void held.promise.then(() => {
          done = true;
        });
        await scheduler.wait(1);
      }
      running--;
      return "done";
    });
    const object = env.RUNNER.getByName("test alone");
    await object.wake("test alone");
    await until(() => runs === 1);
    await object.wake("test alone");
    await object.wake("test alone");
    held.resolve();
    await until(() => runs === 2 && running === 0);
    await until(async () => (await alarmOf("test alone")) === null);
    expect([runs, most]).toEqual([2, 1]);
  });

  it("that fails is logged, tried again after a growing pause, and delays no other", async () => {
    let [tries, others] = [0, 0];
    duty("test failing", async () => {
      tries++;
      throw new Error("no luck");
    });
    duty("test other", async () => {
      others++;
      return "done";
    });
    const pauses: number[] = [];
    await worker.scheduled({ scheduledTime: 0, cron: "* * * * *", noRetry() {} }, env);
    await until(() => tries === 1 && others === 1);
    for (let n = 1; n <= 6; n++) {
      await until(async () => (await alarmOf("test failing")) !== null);
      pauses.push(((await alarmOf("test failing")) as number) - Date.now());
      await runDurableObjectAlarm(env.RUNNER.getByName("test failing"));
    }
    expect(tries).toBe(7);
    expect(pauses.map((pause) => pause > 0 && pause <= 60_000)).not.toContain(false);
    expect(pauses.at(-1)).toBeGreaterThan(pauses[0] as number);
    const lines = vi.mocked(console.error).mock.calls.map(([line]) => String(line));
    expect(lines.filter((line) => line.includes('"message":"duty failed","name":"test failing"'))).toHaveLength(7);
  });

  it("that fails is in /health and the metrics, since when, until it works; a spent budget is a failure", async () => {
    let [tries, heals] = [0, false];
    duty("test ailing", async (own) => {
      tries++;
      while (!heals) await own.DB.prepare("SELECT 1").run();
      return "done";
    });
    const said = async () => {
      forgetHealth();
      const response = await SELF.fetch(`${HOST}/health`);
      const { status, failing_duties } = await response.json<Health>();
      const metrics = await (await SELF.fetch(`${HOST}/metrics`, { headers: ADMIN })).text();
      expect(metrics).toContain(`edgepixel_duties_failing ${failing_duties.length}\n`);
      const since = failing_duties.find(({ name }) => name === "test ailing")?.since;
      return { answer: response.status, status, since };
    };
    await env.RUNNER.getByName("test ailing").wake("test ailing");
    await until(async () => (await alarmOf("test ailing")) !== null && tries > 0);
    const first = await said();
    expect([first.answer, first.status, first.since]).toEqual([200, "ok", expect.any(String)]);
    await runDurableObjectAlarm(env.RUNNER.getByName("test ailing"));
    expect(tries).toBeGreaterThan(1);
    expect((await said()).since).toBe(first.since);
    heals = true;
    await runDurableObjectAlarm(env.RUNNER.getByName("test ailing"));
    // The earlier overrun of the duty is intended.
    const over = overruns.splice(0);
    expect(over.length).toBeGreaterThan(1);
    // One call of the plan's limit is left to report it.
    const left = PLANS[planOf(env)].queries - 1;
    expect(over.every((line) => line.startsWith(`test ailing: ${left} D1 queries`))).toBe(true);
    const last = await said();
    expect([last.answer, last.since]).toEqual([200, undefined]);
  });

  it("runs once for all requests that wait for it, and not within the age that they allow", async () => {
    let runs = 0;
    let open = false;
    duty("test shared", async () => {
      runs++;
      while (!open) await scheduler.wait(5);
      return "done";
    });
    const object = env.RUNNER.getByName("test shared");
    const ask = (age: number, patience = 60_000) => object.bringForward("test shared", age, patience);
    const first = [ask(60_000), ask(60_000)];
    await until(() => runs === 1);
    first.push(ask(60_000));
    // A request with less patience returns earlier.
    expect(await ask(60_000, 20)).toBe(false);
    // No other run follows.
    expect(await alarmOf("test shared")).toBeNull();
    open = true;
    expect(await Promise.all(first)).toEqual([true, true, true]);
    expect([await ask(60_000), runs]).toEqual([true, 1]);
    expect([await ask(0), runs]).toEqual([true, 2]);
  });

  it("runs once more for a request that came after the run began", async () => {
    let runs = 0;
    let open = false;
    duty("test followed", async () => {
      runs++;
      while (!open) await scheduler.wait(5);
      return "done";
    });
    const object = env.RUNNER.getByName("test followed");
    await object.wake("test followed");
    await until(() => runs === 1);
    await scheduler.wait(5);
    const asked = object.bringForward("test followed", 0, 60_000);
    await until(async () => (await alarmOf("test followed")) !== null);
    open = true;
    expect([await asked, runs]).toEqual([true, 2]);
  });

  it("is woken as often as it sets, at whatever second cron runs", () => {
    const own = duty("test quarters", async () => "done", 15 * 60_000);
    for (const second of [0, 1_000, 59_999]) {
      const woken = Array.from({ length: 60 }, (_, minute) => minute).filter((minute) =>
        dueAt(Date.UTC(2026, 0, 1, 12, minute) + second).includes(own),
      );
      expect(woken).toEqual([0, 15, 30, 45]);
    }
    const names = dueAt(Date.UTC(2026, 0, 1, 12, 7)).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["live", "archive", "erasures"]));
    expect(names).not.toContain("reports");
    expect(names).not.toContain("tables");
    expect(dueAt(Date.UTC(2026, 0, 1, 12)).map(({ name }) => name)).toContain("tables");
  });
});
