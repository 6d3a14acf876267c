/** The log and its projections on a local D1: events a second, and rows that D1 bills for an event. */
import { append } from "../worker/event-log/append.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { openMetered } from "./database.ts";
import { traffic } from "./traffic.ts";

const EVENTS = 60_000;

type Row = Record<string, string | number>;

/** One line: how many events are appended at once, and how many a run of the projections finds. */
async function measure(batch: number, run: number, events: number): Promise<Row> {
  const { db, bill, close } = await openMetered();
  const env = {} as Env; // Table projections use nothing of it.
  const projections = GROUPS.tables.projections;
  const all = [...traffic(events)];
  const spent = { append: 0, project: 0 };
  const written = { append: 0, project: 0 };
  const read = { append: 0, project: 0 };
  const time = async (what: keyof typeof spent, work: () => Promise<unknown>) => {
    const [before, started] = [bill(), performance.now()];
    await work();
    spent[what] += performance.now() - started;
    written[what] += bill().written - before.written;
    read[what] += bill().read - before.read;
  };
  for (let from = 0; from < events; from += run) {
    for (let at = from; at < Math.min(from + run, events); at += batch) {
      await time("append", () => append(db, all.slice(at, Math.min(at + batch, from + run))));
    }
    for (const projection of projections) {
      await time("project", async () => {
        while ((await advance(env, db, projection, 0)).behind > 0);
      });
    }
  }
  await close();
  const each = (value: number) => (value / events).toFixed(2);
  return {
    "events at once": batch,
    "events a run": run,
    "append, events/s": Math.round((events / spent.append) * 1_000),
    "projections, events/s": Math.round((events / spent.project) * 1_000),
    "rows written, log": each(written.append),
    "rows written, projections": each(written.project),
    "rows read, projections": each(read.project),
  };
}

export async function benchLog(): Promise<void> {
  console.log(
    `\nThe log and its projections on a local D1, ${EVENTS.toLocaleString("en")} events (affiliate traffic):`,
  );
  console.table([
    await measure(1, 1, EVENTS / 300),
    await measure(10, 50, EVENTS / 20),
    await measure(100, 1_000, EVENTS),
    await measure(500, 5_000, EVENTS),
  ]);
}
