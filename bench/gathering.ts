/** The cost of an event that arrives alone, by the number of events that wait for a run of the tables. */
import { GROUPS } from "../worker/projections/index.ts";
import { openLog } from "./log.ts";
import { traffic } from "./traffic.ts";

/** Events before the first measurement, and the least number of events of each measurement. */
const PAST = 20_000;
const LEAST = 500;
/** Cases of events that arrive one by one, and how many of them a run finds. */
const GATHERED = [
  ["0.1 events/s, a run each 3 s, as it was", 1],
  ["1 event/s, a run each 3 s, as it was", 4],
  ["1 event/s, somebody looks all the time", 10],
  ["0.1 events/s, somebody looks each ten minutes", 60],
  ["0.1 events/s, nobody looks", 360],
  ["1 event/s, nobody looks", GROUPS.tables.gathering.events],
] as const;

/** The cost of an event that arrives alone in a log with earlier events, by the number of events that a run finds. */
export async function benchGathering(): Promise<void> {
  const sizes = GATHERED.map(([, run]) => Math.ceil(LEAST / run) * run);
  const all = [...traffic(PAST + sizes.reduce((sum, size) => sum + size, 0))];
  const { take, took, reset, close } = await openLog();
  await take(all.splice(0, PAST), 500, 5_000);
  const rows: Record<string, string>[] = [];
  for (const [index, [where, run]] of GATHERED.entries()) {
    const events = all.splice(0, sizes[index]);
    reset();
    await take(events, 1, run);
    const { append: log, project, figures } = took();
    const each = (value: number) => (value / events.length).toFixed(2);
    rows.push({
      when: where,
      "events a run": String(run),
      "rows written, log": each(log.written),
      "rows written, projections": each(project.written),
      "rows written, figures": each(figures.written),
      "rows written": each(log.written + project.written + figures.written),
      "rows read, figures": each(figures.read),
      "rows read": each(log.read + project.read + figures.read),
    });
  }
  await close();
  console.log(`\nEvents that come one by one, behind ${PAST.toLocaleString("en")} others:`);
  console.table(rows);
}
