/**
 * What the doors need of a project: its settings, its schemas in force, and the people whom it must not record. It is read
 * in one batch, and remembered for some seconds. While the database does not answer, the last known state is used: this
 * isolate's, else that of another one in the data centre within the hour.
 */
import { and, eq, ne, sql } from "drizzle-orm";
import { projectId } from "./event.ts";
import { inTime } from "./in-time.ts";
import { log } from "./log.ts";
import { Remembered } from "./remembered.ts";
import { dropCopy, findCopy, keepCopy } from "./sealed-copy.ts";
import { type Database, databaseOf, mainDatabaseOf } from "./store/database.ts";
import { placementOf } from "./store/placements.ts";
import { projects, type SchemaMode, schemas, schemaVersions } from "./store/schema.ts";
import { MAIN, onShard, shardsOf } from "./store/shards.ts";

export type Project = typeof projects.$inferSelect;
/** `shard` is where everything of the project is: see store/shards.ts. */
export type PlacedProject = Project & { shard: string };

/** No more than the numbers, so that it is cheap to read again. */
export type SchemaInForce = { event_type: string; id: number; version: number; mode: SchemaMode };

export type Snapshot = {
  project: PlacedProject;
  schemas: SchemaInForce[];
  /** Digests of the newest suppressions, one after another: see suppression.ts. */
  suppressions: string;
};

/** How long an isolate uses what it has read, in milliseconds. After that a change is in force everywhere. */
export const SETTINGS_TTL_MS = 30_000;
/** A project that was not found is looked up again sooner: it may be about to be created. */
const ABSENT_TTL_MS = 2_000;
/** How long the last known state is used before a database that did not answer is asked again. */
const AWAY_MS = 2_000;
/** How long to wait for the database if an earlier state is known. */
const PATIENCE_MS = 2_000;
const MOST = 500;
/** How many of a project's newest suppressions its snapshot has: 33 bytes each. */
const MOST_SUPPRESSIONS = 1_000;

/** How many unknown names are looked up one by one, before all are looked up at once. */
const STRANGERS = { lookUps: 20, windowMs: 10_000, mostNames: 20_000 };

const known = new Remembered<Snapshot>(MOST);
/** Names without a project, remembered separately, so that invented names do not displace projects. */
const absent = new Remembered<null>(MOST);
/** Reads that are under way: a request that comes meanwhile waits for the same one. */
const underWay = new Remembered<Promise<Snapshot | null>>(MOST);
let strangers = { since: 0, lookUps: 0 };
let names: { all: ReadonlySet<string>; complete: boolean; until: number } | null = null;
/** Increases with each change in this isolate: what was being read during the change may be older, and is soon read again. */
let changes = 0;

const copyName = (project_id: string) => `project ${project_id}`;

/** The join of schemas and their versions. */
export const versionInForce = and(
  eq(schemaVersions.project_id, schemas.project_id),
  eq(schemaVersions.event_type, schemas.event_type),
  eq(schemaVersions.version, schemas.version),
);

const newestSuppressions = sql<string>`(SELECT ifnull(group_concat(digest, ' '), '') FROM (SELECT digest FROM suppressions
  WHERE suppressions.project_id = projects.project_id ORDER BY n DESC LIMIT ${sql.raw(String(MOST_SUPPRESSIONS))}))`;

/** The shard of a project is in `main`, unless that is `main` itself. */
async function read(env: Env, project_id: string): Promise<Snapshot | null> {
  const placed = shardsOf(env).length > 1 ? await placementOf(mainDatabaseOf(env), project_id) : null;
  return readOn(databaseOf(onShard(env, placed ?? MAIN)), project_id);
}

async function readOn(db: Database, project_id: string): Promise<Snapshot | null> {
  const [[found], inForce] = await db.batch([
    db
      .select({ project: projects, suppressions: newestSuppressions })
      .from(projects)
      .where(eq(projects.project_id, project_id)),
    db
      .select({ event_type: schemas.event_type, id: schemaVersions.id, version: schemas.version, mode: schemas.mode })
      .from(schemas)
      .innerJoin(schemaVersions, versionInForce)
      .where(and(eq(schemas.project_id, project_id), ne(schemas.mode, "off"))),
  ]);
  return found
    ? { project: { ...found.project, shard: db.shard }, suppressions: found.suppressions, schemas: inForce }
    : null;
}

/** A name that this isolate does not know: few are looked up one by one, as anybody may invent names. */
async function lookUp(env: Env, name: string, now: number): Promise<Snapshot | null> {
  if (!projectId.safeParse(name).success || now < (absent.get(name)?.until ?? 0)) return null;
  if (now >= strangers.since + STRANGERS.windowMs) strangers = { since: now, lookUps: 0 };
  if (strangers.lookUps >= STRANGERS.lookUps && (await isInvented(env, name, now))) return null;
  const before = changes;
  strangers.lookUps++;
  const snapshot = await read(env, name);
  if (snapshot) strangers.lookUps--;
  else if (before === changes) absent.set(name, { value: null, read_at: now, until: now + ABSENT_TTL_MS });
  return snapshot;
}

/** Whether no project has this name: one query for all that are invented in a while. */
async function isInvented(env: Env, name: string, now: number): Promise<boolean> {
  if (!names || now >= names.until) {
    const { mostNames } = STRANGERS;
    const all = await mainDatabaseOf(env).values<[string]>(sql`SELECT project_id FROM projects
      UNION ALL SELECT project_id FROM placements LIMIT ${mostNames}`);
    const complete = all.length < mostNames;
    names = { all: new Set(all.flat()), complete, until: now + ABSENT_TTL_MS };
  }
  return names.complete && !names.all.has(name);
}

/**
 * The snapshot of the project, or null where there is no project. Throws where the database does not answer and no earlier
 * state is known.
 */
export async function findSnapshot(env: Env, project_id: string, now: number): Promise<Snapshot | null> {
  const memory = known.get(project_id);
  if (memory && now < memory.until) return memory.value;
  try {
    return await orLate(together(env, project_id, now));
  } catch (error) {
    const last = memory ?? (await findCopy<Snapshot>(env, copyName(project_id), now));
    if (last) {
      log("warn", "project not read", { project_id, error: String(error) });
      known.set(project_id, { value: last.value, read_at: last.read_at, until: now + AWAY_MS });
      return last.value;
    }
    if (error instanceof Late) return refresh(env, project_id, now);
    throw error;
  }
}

/** The present read, or a new one. The read of a cancelled request never ends, so a read is only shared for a short time. */
function together(env: Env, project_id: string, now: number): Promise<Snapshot | null> {
  const other = underWay.get(project_id);
  if (other && now < other.until) return other.value;
  const value = refresh(env, project_id, now).finally(() => {
    if (underWay.get(project_id)?.value === value) underWay.delete(project_id);
  });
  underWay.set(project_id, { value, read_at: now, until: now + PATIENCE_MS });
  return value;
}

class Late extends Error {}

/** Gives up after some time, as the database may be stalled. */
async function orLate(reading: Promise<Snapshot | null>): Promise<Snapshot | null> {
  const found = await inTime(reading, PATIENCE_MS, "late");
  if (found === "late") throw new Late("the database takes its time");
  return found;
}

async function refresh(env: Env, project_id: string, now: number): Promise<Snapshot | null> {
  const before = changes;
  const isKnown = known.get(project_id) !== undefined;
  const value = await (isKnown ? read(env, project_id) : lookUp(env, project_id, now));
  if (value) {
    known.set(project_id, { value, read_at: now, until: before === changes ? now + SETTINGS_TTL_MS : 0 });
    keepCopy(env, copyName(project_id), { value, read_at: now });
  } else if (isKnown) {
    known.delete(project_id);
    dropCopy(copyName(project_id));
  }
  return value;
}

/** The project, or null where there is none. */
export const findProject = async (env: Env, project_id: string, now: number): Promise<PlacedProject | null> =>
  (await findSnapshot(env, project_id, now))?.project ?? null;

/** Makes the next look-up in this isolate read again: after a change of settings, schemas or suppressions. */
export function forgetProjects(): void {
  changes++;
  known.expire();
  absent.expire();
  underWay.expire();
  names = null;
  strangers = { since: 0, lookUps: 0 };
}
