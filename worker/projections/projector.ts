/**
 * Runs a group of projections: one at a time, woken by the consumer after an append and by cron every minute.
 * An alarm coalesces wakes and is retried by the platform.
 */
import { DurableObject } from "cloudflare:workers";
import { log } from "../log.ts";
import { type Database, openDatabase } from "../schema.ts";
import { GROUP_NAMES, GROUPS, type Group } from "./index.ts";
import { reattribute } from "./reattribution.ts";
import { advance, lostRace, noteFailure } from "./runner.ts";

/** How long one alarm works before it lets the next one go on, and when it tries again after a failure. */
const SLICE_MS = 10_000;
const RETRY_MS = 5_000;

export class Projector extends DurableObject<Env> {
  /** Makes sure that a run comes, at the latest after the group's linger. */
  async wake(group: Group): Promise<void> {
    // Written once: every write is billed, and an alarm does not know the object's name.
    if ((await this.ctx.storage.get("group")) !== group) await this.ctx.storage.put("group", group);
    if ((await this.ctx.storage.getAlarm()) === null) {
      const now = Date.now();
      await this.ctx.storage.setAlarm(now + GROUPS[group].linger(now));
    }
  }

  override async alarm(): Promise<void> {
    const group = await this.ctx.storage.get<Group>("group");
    if (!group) return;
    const db = openDatabase(this.env.DB);
    const until = Date.now() + SLICE_MS;
    let failed = false;
    let busy = true;
    while (busy && Date.now() < until) {
      busy = false;
      for (const projection of GROUPS[group].projections) {
        try {
          const began = Date.now();
          const { name, after, cursor, behind } = await advance(this.env, db, projection, began);
          if (cursor > after) {
            log("info", "projected", { projection: name, after, up_to: cursor, behind, ms: Date.now() - began });
          }
          if (behind > 0) busy = true;
        } catch (error) {
          if (lostRace(error)) {
            busy = true;
            continue;
          }
          failed = true;
          log("error", "projection failed", { projection: projection.name, error: String(error) });
          // The database itself may be what is failing; then /health says so of it.
          await noteFailure(db, projection.name, error, Date.now()).catch(() => undefined);
        }
      }
      if (failed) break;
      // Behind the projections, which are at one place in the log only then.
      if (group === "tables" && (await this.#reattribute(db))) busy = true;
    }
    if (failed) await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    else if (busy) await this.ctx.storage.setAlarm(Date.now());
  }

  /** One project's trouble holds up none of the others: it is tried again when the next wake comes. */
  async #reattribute(db: Database): Promise<boolean> {
    try {
      return await reattribute(db, GROUPS.tables.projections, Date.now());
    } catch (error) {
      if (lostRace(error)) return true;
      log("error", "reattribution failed", { error: String(error) });
      return false;
    }
  }
}

/** Wakes every group. A wake that is lost is made up for by the next one, at the latest by cron. */
export async function wakeProjectors(env: Env): Promise<void> {
  await Promise.all(GROUP_NAMES.map((group) => env.PROJECTOR.getByName(group).wake(group)));
}
