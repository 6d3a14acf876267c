/** Archives the log in the bucket: every event in Parquet files, their manifests, and the settings. */
import { sql } from "drizzle-orm";
import { allManifestsDue, writeDueManifests } from "../archive/manifest.ts";
import { MANIFESTS } from "../archive/partition.ts";
import { archiveRange, reachOfRun } from "../archive/run.ts";
import { PAGE_CALLS, SETTINGS_CALLS, saveSettings } from "../archive/settings.ts";
import { sweep } from "../archive/sweep.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import type { Delivery } from "./projection.ts";

/** Calls of a step before the delivery: to read the places of the projections, and how far to go. */
const LOOK_CALLS = 2;
/** And after it: the move of the cursor, or the note of a failure. */
const MOVE_CALLS = 3;

/** An event waits for the end of its quarter of an hour, and then for the one in which it came late. */
const PATIENCE_MS = 40 * 60_000;

export const archive: Delivery = {
  name: "archive",
  after: [],
  patience: PATIENCE_MS,
  reach: reachOfRun,
  async deliver(env, db, range, now) {
    // A lost log begins at 1 again: without this check, the archive would overwrite what it has of these days.
    if (range.after === 0 && (await env.ARCHIVE.list({ prefix: MANIFESTS, limit: 1 })).objects.length > 0)
      throw new Error(
        "The bucket holds the archive of another log, or of this one before it was lost: npm run restore.",
      );
    return archiveRange(env, db, range, now);
  },
};

const archived = async (db: Database) =>
  (await db.get<{ cursor: number }>(sql`SELECT cursor FROM projections WHERE name = ${archive.name}`))?.cursor ?? 0;

/** Writes the manifests of what the archive has. A separate projection, because the bucket has no transactions. */
export const archiveManifest: Delivery = {
  name: "archive_manifest",
  after: [],
  patience: PATIENCE_MS,
  reach: archived,
  async deliver(env, db, { upTo }, now) {
    if (!(await writeDueManifests(env, db))) return null;
    // Files that were left behind by runs that broke off.
    if (!(await sweep(env, db, now, MOVE_CALLS))) return null;
    return [sql`DELETE FROM archive_runs WHERE last_seq < ${upTo} AND finished_at IS NOT NULL`];
  },
  clear: async (_, db) => void (await transact(db, [allManifestsDue])),
};

export const archiveSettings: Delivery = {
  name: "archive_settings",
  after: [],
  patience: PATIENCE_MS,
  // The settings are written whole, which takes a call for each of their tables.
  calls: LOOK_CALLS + SETTINGS_CALLS + PAGE_CALLS + MOVE_CALLS,
  reach: archived,
  async deliver(env, db, _, now) {
    const hasRoom = () => budgetOf(env).left >= PAGE_CALLS + SETTINGS_CALLS + MOVE_CALLS;
    return (await saveSettings(env.ARCHIVE, db, now, hasRoom)) ? [] : null;
  },
  clear: async () => {},
};
