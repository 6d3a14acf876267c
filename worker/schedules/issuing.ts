/** Makes the reports whose period is over, one for each period, also for periods that ended while this duty did not run. */
import { sql } from "drizzle-orm";
import { isFresh, type Watched } from "../alerts/measure.ts";
import { channelsOf } from "../channels/channel.ts";
import { wakeChannels } from "../channels/sending.ts";
import type { Duty, Progress } from "../duties/duty.ts";
import { log } from "../log.ts";
import { findProject } from "../project.ts";
import type { Budget } from "../store/budget.ts";
import { databaseOf, transact } from "../store/database.ts";
import { claim, claimOf, issueOf, readersOf } from "./issue.ts";
import { newestPeriod, periodsDue } from "./period.ts";
import { type Schedule, schedulesOf } from "./schedule.ts";

const EVERY_MS = 5 * 60_000;
/** Calls and statements of a report: the project, tables, segment, figures of two periods, channels, and the messages. */
const REPORT_CALLS = 34;

/** Makes the oldest due report of a schedule. False where it must wait, since the figures are behind. */
async function issue(watched: Watched, schedule: Schedule): Promise<boolean> {
  const { db, project, now } = watched;
  const { every, hour, sent_to } = schedule;
  const [period] = periodsDue(every, sent_to, newestPeriod(project.timezone, every, hour, now));
  if (!period) return true;
  const readers = readersOf(schedule);
  const channels = (await channelsOf(db, project.project_id)).filter(({ id }) => readers.includes(id));
  if (channels.length === 0) {
    await transact(db, [claimOf(schedule, period)]);
    return true;
  }
  if (!(await isFresh(watched, "hour"))) return false;
  await transact(db, await claim(watched, await issueOf(watched, schedule, period), channels));
  return true;
}

export async function issueAll(env: Env, budget: Budget, now: number): Promise<Progress> {
  const db = databaseOf(env);
  const began = now - (now % EVERY_MS);
  for (const schedule of await schedulesOf(db)) {
    if (schedule.paused_at !== null || schedule.tried_at >= began) continue;
    const project = await findProject(env, schedule.project_id, now);
    if (!project) continue;
    const { every, hour, sent_to } = schedule;
    const due = periodsDue(every, sent_to, newestPeriod(project.timezone, every, hour, now));
    if (due.length === 0) continue;
    if (!budget.has(REPORT_CALLS)) {
      // Reports that were made are sent now: they do not wait for those of other projects.
      await wakeChannels(env, db, now);
      return "more";
    }
    try {
      // If the figures are behind for one report, they are behind for all.
      if (!(await issue({ env, db, project, now }, schedule))) break;
      if (due.length > 1) return "more";
    } catch (error) {
      log("error", "report not made", { schedule_id: schedule.id, error: String(error) });
      // It is tried again in a later run; in the meantime it does not delay other reports.
      await db.run(sql`UPDATE scheduled_reports SET tried_at = ${now} WHERE id = ${schedule.id}`);
    }
  }
  return (await wakeChannels(env, db, now)) ? "done" : "more";
}

export const scheduledReports: Duty = { name: "scheduled reports", every: EVERY_MS, run: issueAll };
