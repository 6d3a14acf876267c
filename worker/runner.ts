/**
 * Runs a duty of a shard: a Durable Object of their names, whose alarms are its invocations. So a duty never runs twice at once, has a
 * separate budget, continues where it stopped, and delays no other duty. An alarm merges several wakes, and the platform
 * retries it.
 */
import { DurableObject } from "cloudflare:workers";
import { channelSenders } from "./channels/sending.ts";
import { DUTIES } from "./cron.ts";
import { dutyAndShard, wake } from "./duties/duty.ts";
import { recordRun } from "./duties/failing-duties.ts";
import { inTime } from "./in-time.ts";
import { log } from "./log.ts";
import { targetSenders } from "./postbacks/sending.ts";
import { metered } from "./store/budget.ts";
import { onShard, shardsOf } from "./store/shards.ts";

/** How long one alarm works before the next one continues. On a developer's machine requests wait until it has ended. */
const SLICE_MS = 10_000;
const LOCAL_SLICE_MS = 1_000;
/** The pause after a failure; each further one doubles it, up to a minute. */
const PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** Calls that a run keeps for noting how it ended. */
const NOTE_CALLS = 1;

export class Runner extends DurableObject<Env> {
  /** The number of consecutive runs that failed, and of consecutive runs that left something which failed. */
  #failures = 0;
  #leftovers = 0;
  /** Whether the database says that the duty fails; null as long as this object has not written it. */
  #recorded: boolean | null = null;
  /** When the present run began. */
  #running: number | null = null;
  /** Whether a run was asked for that has not begun: its alarm leaves the storage before it begins. */
  #called = false;
  /** When the last run began after which nothing was left to do. */
  #current = Number.NEGATIVE_INFINITY;
  /** The end of the present run, or of the next one. */
  #end = Promise.withResolvers<void>();

  /** Makes sure that a run begins, at the latest after the duty's linger. */
  async wake(name: string): Promise<void> {
    await this.#remember(name);
    const now = Date.now();
    const at = now + (dutyOf(dutyAndShard(name).duty)?.linger?.(now) ?? 0);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || (alarm > at && this.#failures === 0)) await this.ctx.storage.setAlarm(at);
  }

  /**
   * Makes sure that a run which began in the last `age` milliseconds has left nothing to do, and waits for it, for
   * `patience` milliseconds at most. Returns whether that is so. A caller during a run waits for that run, if it is recent
   * enough.
   */
  async bringForward(name: string, age: number, patience: number): Promise<boolean> {
    const asked = Date.now();
    const since = asked - age;
    await this.#remember(name);
    while (this.#current < since) {
      if (this.#running === null || this.#running < since) {
        const alarm = await this.ctx.storage.getAlarm();
        // It failed, and pauses: callers do not shorten the pause.
        if (alarm !== null && alarm > Date.now() && this.#failures > 0) return false;
        if (alarm === null ? !this.#called : alarm > Date.now()) {
          this.#called = true;
          await this.ctx.storage.setAlarm(Date.now());
        }
      }
      const left = asked + patience - Date.now();
      if (left <= 0 || (await inTime(this.#end.promise, left, "late")) === "late") return false;
    }
    return true;
  }

  /** Wakes duties of a shard: with them, the caller's own invocation would make too many calls. */
  async wakeDuties(shard: string, names: readonly string[]): Promise<void> {
    await wake(onShard(metered(this.env, "wakes").env, shard), names);
  }

  /** This object answers. */
  ping(): void {}

  override async alarm(): Promise<void> {
    const now = Date.now();
    // Before anything is awaited: from now on no alarm is set, and a caller must not set another one.
    this.#running = now;
    this.#called = false;
    try {
      const { duty: named, shard } = dutyAndShard((await this.ctx.storage.get<string>("duty")) ?? "");
      const duty = dutyOf(named);
      if (!duty || !shardsOf(this.env).includes(shard)) return;
      const until = now + (this.env.LOCAL === "1" ? LOCAL_SLICE_MS : SLICE_MS);
      const { env, budget } = metered(this.env, duty.name, { until, reserved: NOTE_CALLS });
      const progress = await duty.run(onShard(env, shard), budget, now).catch((error) => {
        log("error", "duty failed", { name: duty.name, shard, error: String(error) });
        return "failed" as const;
      });
      this.#failures = progress === "failed" ? this.#failures + 1 : 0;
      this.#leftovers = progress === "later" ? this.#leftovers + 1 : 0;
      if (progress !== "failed" && progress !== "more") this.#current = now;
      if (progress === "more") await this.ctx.storage.setAlarm(Date.now());
      if (typeof progress === "object") await this.#atLatest(progress.at);
      const again = this.#failures + this.#leftovers;
      if (again > 0) {
        const pause = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (again - 1));
        await this.ctx.storage.setAlarm(Date.now() + pause);
      }
      await this.#record(onShard(this.env, shard), duty.name, progress === "failed", now);
    } finally {
      this.#running = null;
      const { resolve } = this.#end;
      this.#end = Promise.withResolvers();
      resolve();
    }
  }

  /** A caller that woke it while it ran is not kept waiting. */
  async #atLatest(at: number): Promise<void> {
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > at) await this.ctx.storage.setAlarm(at);
  }

  /** With the call that the duty's budget reserves for it. The database itself may fail. */
  async #record(env: Env, name: string, failed: boolean, now: number): Promise<void> {
    if (this.#recorded === failed) return;
    try {
      await recordRun(env, name, failed, now);
      this.#recorded = failed;
    } catch (error) {
      log("error", "run of a duty not noted", { name, error: String(error) });
    }
  }

  /** Written once: every write is billed, and an alarm does not know the object's name. */
  async #remember(name: string): Promise<void> {
    if ((await this.ctx.storage.get("duty")) !== name) await this.ctx.storage.put("duty", name);
  }
}

const dutyOf = (name: string) =>
  DUTIES.find((duty) => duty.name === name) ?? targetSenders.dutyOf(name) ?? channelSenders.dutyOf(name);
