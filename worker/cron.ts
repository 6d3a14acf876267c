/** The duties, and cron, which only wakes them. */

import { alertWatch } from "./alerts/watching.ts";
import { compaction } from "./archive/compaction.ts";
import { noticeKeeping } from "./channels/keeping.ts";
import { botReviews } from "./collect/bot-review.ts";
import { type Duty, runnerOf, wake } from "./duties/duty.ts";
import { recordCron } from "./duties/last-cron.ts";
import { erasures } from "./erasure/erase.ts";
import { removals } from "./erasure/project.ts";
import { eventIds } from "./event-log/event-ids.ts";
import { inboundPostbacks } from "./inbound/settling.ts";
import { log } from "./log.ts";
import { payouts } from "./payouts/keeping.ts";
import { postbackKeeping } from "./postbacks/keeping.ts";
import { projectors } from "./projections/projector.ts";
import { exchangeRates } from "./rates/feed.ts";
import { keptReports } from "./reports/aggregate.ts";
import { lifetimeValues } from "./reports/worth/keeping.ts";
import { retention } from "./retention/retain.ts";
import { scheduledReports } from "./schedules/issuing.ts";
import { everyShard } from "./store/shards.ts";
import { MINUTE_MS } from "./time.ts";

export const DUTIES: readonly Duty[] = [
  ...projectors,
  exchangeRates,
  erasures,
  removals,
  retention,
  eventIds,
  botReviews,
  keptReports,
  lifetimeValues,
  compaction,
  postbackKeeping,
  inboundPostbacks,
  alertWatch,
  noticeKeeping,
  payouts,
  scheduledReports,
];

/** The duties that are due in the minute that ends now. */
export const dueAt = (now: number): Duty[] =>
  DUTIES.filter(({ every }) => Math.floor(now / every) > Math.floor((now - MINUTE_MS) / every));

/** The object of a shard that wakes its duties: one call for each shard, however many duties are due. */
const WAKER = "cron";

export async function eachMinute(
  { scheduledTime }: Pick<ScheduledController, "scheduledTime">,
  env: Env,
): Promise<void> {
  const due = dueAt(scheduledTime).map(({ name }) => name);
  const [, ...others] = everyShard(env);
  await Promise.all([wake(env, due), ...others.map((shard) => runnerOf(shard, WAKER).wakeDuties(due))]);
  // The woken objects do not need this record, and the database itself may fail.
  await recordCron(env, Date.now()).catch((error) => log("error", "run of cron not noted", { error: String(error) }));
}
