/** Whether each part works and how far each projection is behind. Open to everyone, so it names no data. */

import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { hasArchive } from "../archive/attached.ts";
import { SETTINGS } from "../archive/settings.ts";
import { runnerOf } from "../duties/duty.ts";
import { type FailingDuty, failingDuties } from "../duties/failing-duties.ts";
import { lastCron } from "../duties/last-cron.ts";
import { log } from "../log.ts";
import { FIGURES_WHOLE } from "../projections/figures-progress.ts";
import { type Gathering, GROUP_NAMES, GROUPS, type Group, runsIn } from "../projections/index.ts";
import type { Projection } from "../projections/projection.ts";
import { intakeOf } from "../queue/outlet.ts";
import { type FeedHealth, feedHealth } from "../rates/feed.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { planOf } from "../store/plan.ts";
import { everyShard, shardOf } from "../store/shards.ts";
import { iso } from "../time.ts";
import { VERSION } from "../version.ts";
import { forgetWithoutRate, withoutRate } from "./without-rate.ts";

/**
 * A projection is behind if it has not read an event after this many milliseconds, unless it has another limit. They begin when
 * the event arrived; in a group that gathers, when enough events have gathered or the longest time is over.
 */
const LATE_MS = 120_000;

/** A projection that counts an old log does some of it each hour. */
const LONGEST_REST_MS = GROUPS.figures.every + LATE_MS;

type Judged = { group: Group; name: string; patience: number; gathered: number | null };
const JUDGED = GROUP_NAMES.flatMap((group): Judged[] => {
  const { every, gathering, projections } = GROUPS[group] as {
    every: number;
    gathering?: Gathering;
    projections: readonly Projection[];
  };
  return projections.map(({ name, patience = (gathering ? every : 0) + LATE_MS }) => ({
    group,
    name,
    patience,
    gathered: gathering?.events ?? null,
  }));
});

type State = "ok" | "failing";
type Rates = FeedHealth["status"];
export type ProjectionHealth = {
  /** `counting`: it reads a log that is older than itself, some events an hour, and no report waits for it. */
  status: State | "behind" | "counting";
  /** Events of the log that it has not taken yet. */
  lag_events: number;
  /** Seconds since the oldest of those was received. */
  lag_seconds: number;
};
/** What each shard has of its own. */
export type ShardHealth = {
  status: State;
  /** The name of its newest migration: during an upgrade it may be another one than that of `main`. */
  migration: string | null;
  dependencies: { database: State; archive: State | "off"; runner: State };
  projections: Record<string, ProjectionHealth>;
  failing_duties: FailingDuty[];
};
export type Health = {
  status: State;
  /** Of the Worker. */
  version: string;
  /** The name of the database's newest migration. Null where none is noted, or where the database fails. */
  migration: string | null;
  /** `archive` is `off` in an instance that was deployed without a bucket, `intake` on the paid plan. */
  dependencies: {
    database: State;
    live: State;
    archive: State | "off";
    runner: State;
    intake: State | "off";
    exchange_rates: Rates;
  };
  /**
   * The state of the feed of rates; the last good rates stay in force. `without_rate` are currencies of today's and
   * yesterday's money that no rate converts.
   */
  exchange_rates: Omit<FeedHealth, "status"> & { without_rate: string[] };
  projections: Record<string, ProjectionHealth>;
  /** They are tried again automatically; the logs say why they fail. */
  failing_duties: FailingDuty[];
  /** When cron last ran, to five minutes. Null where it has not yet. */
  last_cron: string | null;
  /** The databases beside `main`, by their names; absent where there are none. */
  shards?: Record<string, ShardHealth>;
};

type Position = {
  name: string;
  cursor: number;
  head: number | null;
  waiting_since: number | null;
  /** Since when enough events wait for a run of a group that gathers. */
  full_since: number | null;
  failed: number;
  /** Whether it reads an old log, and has moved within the expected time. */
  counting: number;
};

/** Of the projections that this instance has. */
export async function projectionHealth(env: Env, db: Database, now: number): Promise<Record<string, ProjectionHealth>> {
  const judged = JUDGED.filter(({ group }) => runsIn(env, group));
  const positions = await db.all<Position>(sql`
    SELECT p.value ->> 'name' AS name, ifnull(s.cursor, 0) AS cursor, (SELECT max(seq) FROM events) AS head, s.error IS NOT NULL AS failed,
      p.value ->> 'group' = 'figures' AND NOT ${FIGURES_WHOLE}
        AND ifnull(s.updated_at, ${now}) >= ${now - LONGEST_REST_MS} AS counting,
      (SELECT e.received_at FROM events e WHERE e.seq > ifnull(s.cursor, 0) ORDER BY e.seq LIMIT 1) AS waiting_since,
      (SELECT e.received_at FROM events e WHERE e.seq >= ifnull(s.cursor, 0) + (p.value ->> 'gathered')
        ORDER BY e.seq LIMIT 1) AS full_since
    FROM json_each(${JSON.stringify(judged)}) p LEFT JOIN projections s ON s.name = p.value ->> 'name'`);
  const since = (at: number | null) => (at === null ? 0 : Math.max(0, now - at));
  return Object.fromEntries(
    positions.map(({ name, cursor, head, waiting_since, full_since, failed, counting }) => {
      const waited = since(waiting_since);
      const patience = judged.find((one) => one.name === name)?.patience ?? LATE_MS;
      const late = waited > patience || since(full_since) > LATE_MS;
      const status = failed ? "failing" : !late ? "ok" : counting ? "counting" : "behind";
      return [name, { status, lag_events: Math.max(0, (head ?? 0) - cursor), lag_seconds: Math.round(waited / 1_000) }];
    }),
  );
}

/** The table in which wrangler notes the migrations that it has applied. */
const newestMigration = async (db: Database) =>
  (await db.get<{ name: string } | undefined>(sql`SELECT name FROM d1_migrations ORDER BY id DESC LIMIT 1`))?.name ??
  null;

/** The result of a check. Its failure is logged, and not shown. */
async function check<T>(part: string, ask: Promise<T>): Promise<{ state: State; answer: T | undefined }> {
  try {
    return { state: "ok", answer: await ask };
  } catch (error) {
    log("error", "part failing", { part, error: String(error) });
    return { state: "failing", answer: undefined };
  }
}

/** Fails where the queue refuses the events that wait in the intake. */
async function sends(env: Env): Promise<void> {
  const { events, refused_since } = await intakeOf(env).state();
  if (refused_since !== null)
    throw new Error(`The queue has taken no event since ${iso(refused_since)}; ${events} wait.`);
}

async function shardHealth(env: Env, now: number): Promise<ShardHealth> {
  const db = databaseOf(env);
  const [database, migration, duties, archive, runner] = await Promise.all([
    check("database", projectionHealth(env, db, now)),
    check("migrations", newestMigration(db)),
    check("duties", failingDuties(db)),
    hasArchive(env) ? check("archive", env.ARCHIVE.head(SETTINGS)) : { state: "off" as const },
    check("runner", runnerOf(env, "tables").ping()),
  ]);
  const dependencies = { database: database.state, archive: archive.state, runner: runner.state };
  const projections = database.answer ?? {};
  // Duties are left out, as all answers are right without them.
  const well = areWell(dependencies) && areWell(Object.values(projections).map(({ status }) => status));
  return {
    status: well ? "ok" : "failing",
    migration: migration.answer ?? null,
    dependencies,
    projections,
    failing_duties: duties.answer ?? [],
  };
}

const WELL: ReadonlySet<string> = new Set(["ok", "off", "counting"] satisfies (ProjectionHealth["status"] | "off")[]);
const areWell = (states: Record<string, string> | readonly string[]): boolean =>
  Object.values(states).every((state) => WELL.has(state));

async function healthOf(env: Env, now: number): Promise<Health> {
  const db = databaseOf(env);
  const [main, cron, live, intake, feed, unrated, others] = await Promise.all([
    shardHealth(env, now),
    check("cron", lastCron(db)),
    check("live", env.LIVE.getByName("default").ping()),
    planOf(env) === "paid" ? { state: "off" as const } : check("intake", sends(env)),
    check("exchange_rates", feedHealth(env, db, now)),
    check("currencies", withoutRateOnAll(env, now)),
    Promise.all(
      everyShard(env)
        .slice(1)
        .map(async (shard): Promise<[string, ShardHealth]> => [shardOf(shard), await shardHealth(shard, now)]),
    ),
  ]);
  const { status: exchange_rates, ...rates } = feed.answer ?? { status: feed.state, last_rate_date: null, error: null };
  const { database, archive, runner } = main.dependencies;
  // Rates are left out: without new ones everything else works, and each figure says what it could not convert. A 503 would
  // take an instance out of service because of somebody else's feed.
  const needed = { database, live: live.state, archive, runner, intake: intake.state };
  const statuses = [main, ...others.map(([, shard]) => shard)].map(({ status }) => status);
  return {
    status: areWell(needed) && areWell(statuses) ? "ok" : "failing",
    version: VERSION,
    migration: main.migration,
    dependencies: { ...needed, exchange_rates },
    exchange_rates: { ...rates, without_rate: unrated.answer ?? [] },
    projections: main.projections,
    failing_duties: main.failing_duties,
    last_cron: cron.answer ?? null,
    ...(others.length > 0 && { shards: Object.fromEntries(others) }),
  };
}

async function withoutRateOnAll(env: Env, now: number): Promise<string[]> {
  const codes = await Promise.all(everyShard(env).map((shard) => withoutRate(databaseOf(shard), now)));
  return [...new Set(codes.flat())].sort();
}

/** Anyone may ask any number of times, so each isolate asks the parts at most once in this many milliseconds. */
const COPY_MS = 5_000;
let copy: { health: Health; until: number } | null = null;

/** Makes the next answer of this isolate ask the parts again. */
export function forgetHealth(): void {
  copy = null;
  forgetWithoutRate();
}

export const healthRoutes = new Hono<{ Bindings: Env }>().get("/health", async (c) => {
  const now = Date.now();
  if (!copy || now >= copy.until) copy = { health: await healthOf(c.env, now), until: now + COPY_MS };
  const { health } = copy;
  c.header("cache-control", "no-store");
  return c.json(health, health.status === "ok" ? 200 : 503);
});
