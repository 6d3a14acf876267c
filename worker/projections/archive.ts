/** Keeps the log in the bucket for good: every event in Parquet files, what they are, and the settings beside. */
import { sql } from "drizzle-orm";
import { hoursSince, writeManifests } from "../archive/manifest.ts";
import { archiveRange, reachOfRun } from "../archive/run.ts";
import { saveSettings } from "../archive/settings.ts";
import type { Database } from "../schema.ts";
import type { Delivery } from "./projection.ts";

/** An event waits for the end of its quarter of an hour, and then for the one in which it came late. */
const PATIENCE_MS = 40 * 60_000;

export const archive: Delivery = {
  name: "archive",
  after: [],
  patience: PATIENCE_MS,
  reach: reachOfRun,
  deliver: archiveRange,
};

const archived = async (db: Database) =>
  (await db.get<{ cursor: number }>(sql`SELECT cursor FROM projections WHERE name = ${archive.name}`))?.cursor ?? 0;

/** Tells the bucket what the archive holds. Not in one step with it: the bucket has no transactions. */
export const archiveManifest: Delivery = {
  name: "archive_manifest",
  after: [],
  patience: PATIENCE_MS,
  reach: archived,
  async deliver(env, db, { after, upTo }) {
    await writeManifests(env.ARCHIVE, db, await hoursSince(db, after));
    return [sql`DELETE FROM archive_runs WHERE last_seq < ${upTo} AND finished_at IS NOT NULL`];
  },
  clear: async () => {},
};

export const archiveSettings: Delivery = {
  name: "archive_settings",
  after: [],
  patience: PATIENCE_MS,
  reach: archived,
  async deliver(env, db, _, now) {
    await saveSettings(env.ARCHIVE, db, now);
    return [];
  },
  clear: async () => {},
};
