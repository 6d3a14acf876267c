/** What cron does each minute. Each duty stands by itself: one that fails is logged, and holds up none. */
import { compactWhenDue } from "./archive/compaction.ts";
import { resumeErasures } from "./erasure/erase.ts";
import { retainEachMinute } from "./event-log/retention.ts";
import { log } from "./log.ts";
import { wakeProjectors } from "./projections/projector.ts";
import { refreshRatesWhenDue } from "./rates/feed.ts";
import { keepReportsWhenDue } from "./reports/aggregate.ts";

type Duty = { name: string; run(env: Env, now: number): Promise<unknown> };

const DUTIES: readonly Duty[] = [
  { name: "projections", run: wakeProjectors },
  { name: "exchange rates", run: refreshRatesWhenDue },
  { name: "erasures", run: resumeErasures },
  { name: "retention", run: retainEachMinute },
  { name: "reports", run: keepReportsWhenDue },
  { name: "compaction", run: compactWhenDue },
];

export async function eachMinute({ scheduledTime }: ScheduledController, env: Env): Promise<void> {
  await Promise.all(
    DUTIES.map(({ name, run }) =>
      run(env, scheduledTime).catch((error) => {
        log("error", "duty failed", { name, error: String(error) });
      }),
    ),
  );
}
