/**
 * Runs inside workerd: appends events as the consumer does, and runs the projections of a group, and returns how long the calls of
 * the database took and what D1 billed. The clock of workerd advances only with I/O, so the database is called before it is read.
 */
import type { StoredEvent } from "../worker/event.ts";
import { append } from "../worker/event-log/append.ts";
import { writeEventIds } from "../worker/event-log/event-ids.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { metered } from "../worker/store/budget.ts";
import { databaseOf } from "../worker/store/database.ts";
import { areSuppressed } from "../worker/suppression.ts";

export { LiveCounters } from "../worker/reports/listening.ts";

/** The parts of the work whose cost on D1 is measured. */
export type Part = "append" | "live" | "tables" | "figures";

export type Ask = { events: StoredEvent[]; batch: number };
/** Milliseconds of all calls, how many calls there were, and rows that D1 bills. */
export type Spent = { ms: number; calls: number; written: number; read: number };

type Bindings = Pick<Env, "DB" | "LIVE">;

function counted(binding: D1Database): { DB: D1Database; bill: Omit<Spent, "ms"> } {
  const bill = { calls: 0, written: 0, read: 0 };
  const batch = async (statements: D1PreparedStatement[]) => {
    const results = await binding.batch(statements);
    bill.calls++;
    for (const { meta } of results) {
      bill.written += meta.rows_written;
      bill.read += meta.rows_read;
    }
    return results;
  };
  const DB = new Proxy(binding, {
    get: (target, name) => (name === "batch" ? batch : Reflect.get(target, name).bind(target)),
  });
  return { DB, bill };
}

export default {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    const { events, batch } = (await request.json()) as Ask;
    const { DB, bill } = counted(bindings.DB);
    const { env } = metered({ DB, LIVE: bindings.LIVE, PLAN: "paid" } as Env, "limits");
    const db = databaseOf(env);
    // A log that was loaded in large steps has an index of ids, which on an instance a duty has long replaced by pages.
    while (await writeEventIds(databaseOf(bindings)));
    // The load leaves the live counters out. Each step has a budget, as in an alarm.
    const [live] = GROUPS.live.projections;
    for (let behind = 1; behind > 0; ) {
      const step = metered({ DB: bindings.DB, LIVE: bindings.LIVE, PLAN: "paid" } as Env, "limits").env;
      behind = (await advance(step, databaseOf(step), live, Date.now())).behind;
    }
    const now = async () => {
      await bindings.DB.prepare("SELECT 1").first();
      return Date.now();
    };
    const spent = {} as Record<Part, Spent>;
    const measure = async (part: Part, work: () => Promise<void>) => {
      const before = { ...bill };
      const began = await now();
      await work();
      const ms = (await now()) - began;
      const { calls, written, read } = before;
      spent[part] = { ms, calls: bill.calls - calls, written: bill.written - written, read: bill.read - read };
    };
    await measure("append", async () => {
      for (let at = 0; at < events.length; at += batch) {
        const portion = events.slice(at, at + batch);
        await areSuppressed(db, portion);
        await append(db, portion);
      }
    });
    for (const group of ["live", "tables", "figures"] as const)
      await measure(group, async () => {
        for (const projection of GROUPS[group].projections)
          while ((await advance(env, db, projection, Date.now())).behind > 0);
      });
    return Response.json(spent);
  },
};
