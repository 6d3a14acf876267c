/** Feeds the real consumer and reads the projections' results. */

import { createExecutionContext, createMessageBatch, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { INTERVAL_MS } from "../../worker/archive/run.ts";
import { localTime } from "../../worker/calendar.ts";
import type { EventMessage, StoredEvent } from "../../worker/event.ts";
import type { Layout } from "../../worker/figures/run.ts";
import worker from "../../worker/index.ts";
import { GROUPS, PROJECTIONS } from "../../worker/projections/index.ts";
import type { Projection } from "../../worker/projections/projection.ts";
import { beginReattribution, reattribute } from "../../worker/projections/reattribution.ts";
import { recountSome as recount } from "../../worker/projections/recount.ts";
import { advance, lostRace } from "../../worker/projections/runner.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { place } from "../../worker/store/placements.ts";
import { MAIN, onShard } from "../../worker/store/shards.ts";
import { keyWithin } from "../../worker/tables.ts";
import { BLANK_EVENT } from "../blank-event.ts";
import { type Figures, TABLES_OF_FIGURES, type Table } from "./oracle.ts";

/** The environment and the database of the shard that the functions here are about: of the first, until `turnTo` names another one. */
export let home: Env = env;
export let db = databaseOf(env);

export function turnTo(shard: string): void {
  home = onShard(env, shard);
  db = databaseOf(home);
}

export async function createProject(
  project_id: string,
  settings: {
    timezone?: string;
    currency?: string;
    attribution_days?: number;
    ngr_deduction_percent?: number;
  } = {},
): Promise<void> {
  const { timezone = "UTC", currency = "USD", attribution_days = 30, ngr_deduction_percent = null } = settings;
  await home.DB.prepare(
    "INSERT INTO projects (project_id, name, timezone, currency, attribution_days, ngr_deduction_percent, created_at) VALUES (?, ?, ?, ?, ?, ?, 0)",
  )
    .bind(project_id, project_id, timezone, currency, attribution_days, ngr_deduction_percent)
    .run();
  if (db.shard !== MAIN) await db.main.run(place(project_id, db.shard));
}

/** Keeps all projects on the tables, restored ones too, like those whose log had removed days before the figures existed. */
export const keepToTables = () =>
  home.DB.batch(
    [
      `CREATE TRIGGER IF NOT EXISTS keep_to_tables BEFORE UPDATE OF by_days ON projects WHEN NEW.by_days = 1
        BEGIN SELECT RAISE(IGNORE); END`,
      `CREATE TRIGGER IF NOT EXISTS restore_to_tables AFTER INSERT ON projects WHEN NEW.by_days = 1
        BEGIN UPDATE projects SET by_days = 0 WHERE project_id = NEW.project_id; END`,
    ].map((statement) => home.DB.prepare(statement)),
  );

/** Switches to rows of days, as the next run of the figures would. */
export const turnToDays = () =>
  home.DB.batch(
    ["DROP TRIGGER keep_to_tables", "DROP TRIGGER restore_to_tables", "UPDATE projects SET by_days = 1"].map(
      (statement) => home.DB.prepare(statement),
    ),
  );

/** Changes a project, as an administrator does. */
export async function changeWindow(project_id: string, attribution_days: number): Promise<void> {
  await transact(db, [
    ...beginReattribution(project_id, attribution_days, Date.now()),
    sql`UPDATE projects SET attribution_days = ${attribution_days} WHERE project_id = ${project_id}`,
  ]);
}

export function storedEvent(
  given: Partial<StoredEvent> & Pick<StoredEvent, "project_id" | "event_type">,
  timezone = "UTC",
): StoredEvent {
  const timestamp = given.timestamp ?? Date.now();
  const { date, hour } = localTime(timezone, timestamp);
  return {
    ...BLANK_EVENT,
    event_id: uuidv7(),
    timestamp,
    received_at: Date.now(),
    event_date: date,
    event_hour: hour,
    ...given,
  };
}

/** The name in wrangler.toml. */
export const DEAD_LETTER_QUEUE = "edgepixel-events-dlq";

/** Passes a batch of messages to the consumer, as the queue does. */
export async function deliver(messages: EventMessage[], bindings: Env = env, queue = "edgepixel-events") {
  const batch = createMessageBatch<EventMessage>(
    queue,
    messages.map((body) => ({ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body })),
  );
  const context = createExecutionContext();
  await worker.queue(batch, bindings);
  await waitOnExecutionContext(context);
  return batch;
}

/** The archive reads only closed intervals: for it, the time is later. */
const LATER: readonly Projection[] = GROUPS.archive.projections;

/** Retries if the projector's alarm ran first. */
async function persist<Result>(attempted: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await attempted();
    } catch (error) {
      if (attempt > 20 || !lostRace(error)) throw error;
    }
  }
}

/** One step. */
export function step(projection: Projection, limit?: number): Promise<number> {
  const ahead = LATER.includes(projection) ? INTERVAL_MS : 0;
  return persist(async () => (await advance(home, db, projection, Date.now() + ahead, limit)).behind);
}

/** One step of attributing people again, with a limited number of events. Returns whether there is more to do. */
export const reattributeSome = (most?: number): Promise<boolean> =>
  persist(() => reattribute(db, TABLES, Date.now(), most));

/** One step of recounting about this number of people in the figures. Returns whether there is more to do. */
export const recountSome = (most?: number, layout?: Layout): Promise<boolean> =>
  persist(() => recount(home, db, Date.now(), most, layout));

/**
 * Runs the projections until they have reached the end of the log, and all people have their project's window. In rounds: the
 * log may grow after the turn of a projection that others wait for.
 */
export async function settle(projections: readonly Projection[] = PROJECTIONS): Promise<void> {
  for (let more = true; more; ) {
    more = false;
    for (const projection of projections) if ((await step(projection)) > 0) more = true;
    more = more || (await reattributeSome()) || (await recountSome());
  }
}

export const TABLES = GROUPS.tables.projections;

const VALUES = {
  daily_metrics: ["count", "total"],
  event_summary: ["count", "total"],
  money_summary: ["total", "whole", "fraction"],
  activity: ["total"],
  players: [
    "player_id",
    "first_seen",
    "last_event_at",
    "total_events",
    "total_deposits",
    "first_date",
    "first_event",
    "first_touch",
    "last_touch",
    "visit",
    "registration",
    "deposit",
    "second_deposit",
    "third_deposit",
  ],
  funnel: ["people"],
  player_days: ["total", "first_at"],
  returns: ["people"],
  retention: ["people"],
  depositors: ["people"],
  payments: ["total", "whole", "fraction"],
} as const satisfies Record<keyof Figures, readonly string[]>;

export async function figuresIn(project_id: string): Promise<Figures> {
  const found = await home.DB.batch<Record<string, unknown>>(
    TABLES_OF_FIGURES.map((table) => home.DB.prepare(`SELECT * FROM ${table} WHERE project_id = ?`).bind(project_id)),
  );
  const tables = TABLES_OF_FIGURES.map((table, index): [string, Table] => {
    const rows = found[index]?.results ?? [];
    const row = (values: Record<string, unknown>, columns: readonly string[]) => columns.map((name) => values[name]);
    return [
      table,
      Object.fromEntries(
        rows.map((values) => [
          JSON.stringify(row(values, keyWithin(table))),
          Object.fromEntries(VALUES[table].map((column) => [column, values[column]])),
        ]),
      ) as Table,
    ];
  });
  return Object.fromEntries(tables) as Figures;
}
