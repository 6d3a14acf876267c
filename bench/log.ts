/** The log and its projections on a local D1: events a second, and rows that D1 bills for each event. */
import type { StoredEvent } from "../worker/event.ts";
import { append } from "../worker/event-log/append.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { openMetered } from "./database.ts";
import { traffic } from "./traffic.ts";

/** The figures in docs/ are of 60,000. */
const EVENTS = Number(process.env.EVENTS ?? 20_000);

type Row = Record<string, string | number>;

type Work = "append" | "project" | "figures";

/** A local D1, with the time and rows of each kind of work since `reset`. */
export async function openLog() {
  const { db, bill, close } = await openMetered();
  const env = { PLAN: "paid" } as Env; // Projections of the database use nothing else from it.
  const nothing = () => ({ spent: 0, written: 0, read: 0 });
  let took: Record<Work, ReturnType<typeof nothing>> = { append: nothing(), project: nothing(), figures: nothing() };
  const time = async (what: Work, work: () => Promise<unknown>) => {
    const [before, started] = [bill(), performance.now()];
    await work();
    took[what].spent += performance.now() - started;
    took[what].written += bill().written - before.written;
    took[what].read += bill().read - before.read;
  };
  return {
    /** Appends events, `batch` at once, and runs the projections after each `run` events. */
    async take(events: readonly StoredEvent[], batch: number, run: number): Promise<void> {
      for (let from = 0; from < events.length; from += run) {
        for (let at = from; at < Math.min(from + run, events.length); at += batch) {
          await time("append", () => append(db, events.slice(at, Math.min(at + batch, from + run))));
        }
        for (const [what, group] of [
          ["project", GROUPS.tables],
          ["figures", GROUPS.figures],
        ] as const)
          for (const projection of group.projections)
            await time(what, async () => {
              while ((await advance(env, db, projection, 0)).behind > 0);
            });
      }
    },
    reset() {
      took = { append: nothing(), project: nothing(), figures: nothing() };
    },
    took: () => took,
    close,
  };
}

/** One line of the table: `batch` events are appended at once, and a run of the projections finds `run`. */
async function measure(batch: number, run: number, events: number): Promise<Row> {
  const { take, took, close } = await openLog();
  await take([...traffic(events)], batch, run);
  await close();
  const { append: log, project, figures } = took();
  const each = (value: number) => (value / events).toFixed(2);
  return {
    "events at once": batch,
    "events a run": run,
    "append, events/s": Math.round((events / log.spent) * 1_000),
    "projections, events/s": Math.round((events / project.spent) * 1_000),
    "rows written, log": each(log.written),
    "figures, events/s": Math.round((events / figures.spent) * 1_000),
    "rows written, projections": each(project.written),
    "rows written, figures": each(figures.written),
    "rows read, projections": each(project.read),
    "rows read, figures": each(figures.read),
  };
}

export async function benchLog(): Promise<void> {
  console.log(
    `\nThe log and its projections on a local D1, ${EVENTS.toLocaleString("en")} events (affiliate traffic):`,
  );
  console.table([
    await measure(1, 1, Math.ceil(EVENTS / 300)),
    await measure(10, 50, Math.ceil(EVENTS / 20)),
    await measure(100, 1_000, EVENTS),
    await measure(500, 5_000, EVENTS),
  ]);
}
