/** Judges the alerts that are due, opens and ends their incidents, and wakes the channels that have messages to send. */
import { type SQL, sql } from "drizzle-orm";
import { wakeChannels } from "../channels/sending.ts";
import type { Duty, Progress } from "../duties/duty.ts";
import { log } from "../log.ts";
import { findProject } from "../project.ts";
import type { Budget } from "../store/budget.ts";
import { databaseOf, transact } from "../store/database.ts";
import { type Alert, alertsOf } from "./alert.ts";
import { everyOf } from "./condition.ts";
import { end, ended, incidentId, open, opened } from "./incident.ts";
import { type Finding, judge } from "./judge.ts";
import { NoSegment, type Watched } from "./measure.ts";
import { sendableAt } from "./quiet.ts";

const EVERY_MS = 5 * 60_000;
/** Calls and statements of the most expensive alert: the tables, its segment and figures, and the changes that follow. */
const ALERT_CALLS = 18;
/** Calls to read the alerts and the channels, and to wake at least one channel. */
const OTHER_CALLS = 3;

const isDue = ({ paused_at, checked_at, condition }: Alert, now: number): boolean =>
  paused_at === null && Math.floor(checked_at / everyOf(condition)) < Math.floor(now / everyOf(condition));

/** The part of an error that everybody who sees the alert may read. */
const errorOf = (error: unknown): string =>
  error instanceof NoSegment ? error.message : "it could not be judged: the logs have the error";

async function found(watched: Watched, alert: Alert): Promise<Finding & { error: string | null }> {
  try {
    return { ...(await judge(watched, alert.condition)), error: null };
  } catch (error) {
    log("error", "alert not judged", { alert_id: alert.id, error: String(error) });
    return { holds: null, finding: "", error: errorOf(error) };
  }
}

/** The statements for one alert, for one transaction. */
async function changesOf(watched: Watched, alert: Alert): Promise<SQL[]> {
  const { now, project } = watched;
  const { holds, finding, error } = await found(watched, alert);
  const due_at = sendableAt(project.timezone, alert, now);
  const noted = sql`UPDATE alerts SET checked_at = ${now}, error = ${error} WHERE id = ${alert.id}`;
  if (holds === true && alert.incident === null)
    return [...open(alert, opened(alert, incidentId(alert, now), finding, now), finding, now, due_at), noted];
  if (holds === false && alert.incident !== null) {
    const { id, opened_at } = alert.incident;
    return [...end(ended(alert, id, opened_at, finding, now), now, due_at), noted];
  }
  return [noted];
}

export async function watch(env: Env, budget: Budget, now: number): Promise<Progress> {
  const db = databaseOf(env);
  const due = (await alertsOf(db)).filter((alert) => isDue(alert, now));
  for (const alert of due) {
    if (!budget.has(ALERT_CALLS + OTHER_CALLS)) {
      // Messages of alerts that were judged are sent now: they do not wait for the alerts of other projects.
      await wakeChannels(env, db, now);
      return "more";
    }
    const project = await findProject(env, alert.project_id, now);
    // The project was removed, and its alerts are removed with it.
    if (!project) continue;
    await transact(db, await changesOf({ env, db, project, now }, alert));
  }
  return (await wakeChannels(env, db, now)) ? "done" : "more";
}

export const alertWatch: Duty = { name: "alerts", every: EVERY_MS, run: watch };
