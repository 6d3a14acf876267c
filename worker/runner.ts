/**
 * Runs a duty: a Durable Object of its name, whose alarms are its invocations. So a duty never runs twice at once, has a
 * budget of its own, goes on where it stopped, and holds up no other. An alarm coalesces wakes and is retried by the
 * platform.
 */
import { DurableObject } from "cloudflare:workers";
import { DUTIES } from "./cron.ts";
import { log } from "./log.ts";
import { metered } from "./store/budget.ts";

/** How long one alarm works before it lets the next one go on. On a developer's machine requests wait until it has ended. */
const SLICE_MS = 10_000;
const LOCAL_SLICE_MS = 1_000;
/** The pause after a failure; each further one doubles it, up to a minute. */
const PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

export class Runner extends DurableObject<Env> {
  #failures = 0;

  /** Makes sure that a run comes, at the latest after the duty's linger. */
  async wake(name: string): Promise<void> {
    // Written once: every write is billed, and an alarm does not know the object's name.
    if ((await this.ctx.storage.get("duty")) !== name) await this.ctx.storage.put("duty", name);
    if ((await this.ctx.storage.getAlarm()) === null) {
      const now = Date.now();
      await this.ctx.storage.setAlarm(now + (dutyOf(name)?.linger?.(now) ?? 0));
    }
  }

  override async alarm(): Promise<void> {
    const duty = dutyOf(await this.ctx.storage.get<string>("duty"));
    if (!duty) return;
    const now = Date.now();
    const { env, budget } = metered(this.env, duty.name, now + (this.env.LOCAL === "1" ? LOCAL_SLICE_MS : SLICE_MS));
    const progress = await duty.run(env, budget, now).catch((error) => {
      log("error", "duty failed", { name: duty.name, error: String(error) });
      return "failed" as const;
    });
    this.#failures = progress === "failed" ? this.#failures + 1 : 0;
    if (progress === "more") await this.ctx.storage.setAlarm(Date.now());
    if (progress === "failed") {
      const pause = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (this.#failures - 1));
      await this.ctx.storage.setAlarm(Date.now() + pause);
    }
  }
}

const dutyOf = (name: string | undefined) => DUTIES.find((duty) => duty.name === name);
