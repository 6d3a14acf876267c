/**
 * Runs inside workerd: appends events and brings the figures up to date, by today's core and by the new one, and returns how
 * long it took and what D1 billed. The clock of workerd advances only with I/O, so the database is called before it is read.
 */

import type { StoredEvent } from "../worker/event.ts";
import { append } from "../worker/event-log/append.ts";
import { writeSegmentIds } from "../worker/event-log/segment-ids.ts";
import { appendSegments } from "../worker/event-log/segments.ts";
import { runFigures } from "../worker/figures/run.ts";
import { filterText, type ScopeFilter } from "../worker/figures/scope-filter.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { askScope, fillSome } from "../worker/projections/scopes.ts";
import { databaseOf } from "../worker/store/database.ts";
import { eventsAfterLoad } from "./core-traffic.ts";

export const CORES = ["today", "new"] as const;
export type Core = (typeof CORES)[number];

/** `batch` events are appended at once, and a run of the figures finds `run`; `events` is the number of all. */
export type Ask = { core: Core; batch: number; run: number; events: number; loaded: number };
/** Milliseconds, and rows that D1 bills. */
export type Spent = { append: number; figures: number; written: number; read: number; calls: number };

/** A filter whose past is counted. */
export type Fill = { project_id: string; filter: ScopeFilter };
export type Filled = { ms: number; longest: number; pieces: number; written: number; read: number; calls: number };

type Databases = Record<"TODAY" | "NEW", D1Database>;

/** The leaderboards are a separate projection with both cores, so they are left out. */
const PROJECTIONS = GROUPS.tables.projections.filter(({ name }) => name !== "leaderboards");

type Metered = { db: D1Database; bill: { written: number; read: number; calls: number } };

function metered(binding: D1Database): Metered {
  const bill = { written: 0, read: 0, calls: 0 };
  const count = <Result extends D1Result>(results: Result[]): Result[] => {
    bill.calls++;
    for (const { meta } of results) {
      bill.written += meta.rows_written;
      bill.read += meta.rows_read;
    }
    return results;
  };
  const db = new Proxy(binding, {
    get: (target, name) =>
      name === "batch"
        ? async (statements: D1PreparedStatement[]) => count(await target.batch(statements))
        : Reflect.get(target, name).bind(target),
  });
  return { db, bill };
}

/** Each core gets the same events. */
const traffics = new Map<Core, Iterator<StoredEvent>>();

function next(core: Core, loaded: number, events: number): StoredEvent[] {
  const traffic = traffics.get(core) ?? eventsAfterLoad(loaded);
  traffics.set(core, traffic);
  return Array.from({ length: events }, () => traffic.next().value as StoredEvent);
}

async function measure(env: Databases, { core, batch, run, events, loaded }: Ask): Promise<Spent> {
  const { db, bill } = metered(core === "today" ? env.TODAY : env.NEW);
  const database = databaseOf({ DB: db });
  const work = {
    today: {
      append: (events: readonly StoredEvent[]) => append(database, events),
      figures: async () => {
        for (const projection of PROJECTIONS) while ((await advance({} as Env, database, projection, 0)).behind > 0);
      },
    },
    new: {
      append: (events: readonly StoredEvent[]) => appendSegments(db, events),
      figures: async () => {
        while ((await runFigures(db)).behind > 0);
        await writeSegmentIds(db);
      },
    },
  }[core];
  const all = next(core, loaded, events);
  const spent = { append: 0, figures: 0 };
  const now = async () => {
    await env.NEW.prepare("SELECT 1").first();
    return Date.now();
  };
  for (let at = 0; at < events; at += run) {
    const began = await now();
    for (let from = at; from < Math.min(at + run, events); from += batch)
      await work.append(all.slice(from, Math.min(from + batch, at + run)));
    const appended = await now();
    await work.figures();
    spent.append += appended - began;
    spent.figures += (await now()) - appended;
  }
  return { ...spent, ...bill };
}

/** Counts the past of a project under a filter that is new. */
async function fill(env: Databases, { project_id, filter }: Fill): Promise<Filled> {
  const { db, bill } = metered(env.NEW);
  const database = databaseOf({ DB: db });
  await askScope(database, project_id, filterText(filter), 0, null);
  const spent: Filled = { ms: 0, longest: 0, pieces: 0, ...bill };
  for (let more: boolean | null = true; more; ) {
    await env.NEW.prepare("SELECT 1").first();
    const began = Date.now();
    more = await fillSome(database, project_id);
    await env.NEW.prepare("SELECT 1").first();
    const took = Date.now() - began;
    if (more) spent.pieces++;
    spent.ms += took;
    spent.longest = Math.max(spent.longest, took);
  }
  return { ...spent, ...bill };
}

export default {
  fetch: async (request: Request, env: Databases) => {
    const ask = (await request.json()) as Ask | Fill;
    return Response.json("filter" in ask ? await fill(env, ask) : await measure(env, ask));
  },
};
