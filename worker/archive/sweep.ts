/**
 * Removes files that are no longer, or never became, part of the archive. A retired file is deleted, since nobody writes it
 * any more. A file that was given up may still be put by a writer that does not know of that. So an empty file is put under
 * its key, which no writer overwrites, until no such writer can exist any more.
 */

import { sql } from "drizzle-orm";
import { budgetOf } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { deleteFiles, putFence } from "./bucket.ts";
import { giveUp, OUTDATED } from "./files.ts";
import { MANIFEST_CALLS, writeManifest } from "./manifest.ts";
import { dayOf } from "./partition.ts";

/**
 * Files that were planned and not put within this time are given up. Until then their hour is not merged again, as it may
 * be too large for one call.
 */
const GIVEN_UP_MS = 12 * 60 * 60_000;
/** How many files get an empty file, and how many days a manifest, in one call: each takes requests to the bucket. */
const FENCES = 4;
const DAYS = 3;
/** Objects that one request deletes at most. */
const DELETED = 1_000;
/** Calls of finding out what is to be removed. */
const LOOK_CALLS = 2;
/** Calls and statements of one call at most. */
export const SWEEP_CALLS = LOOK_CALLS + 2 * FENCES + DAYS * MANIFEST_CALLS + 3;

type Gone = { key: string; hour: number; state: "retired" | "given_up" | "fenced" };

/**
 * Returns whether everything was removed that was to be removed when the call began. Nothing is removed if the invocation
 * has no room for that and for the `following` calls after it.
 */
export async function sweep(env: Env, db: Database, now: number, following = 0): Promise<boolean> {
  const old = sql`created_at <= ${now - GIVEN_UP_MS}`;
  await transact(db, [giveUp(sql`${old} OR ${OUTDATED}`, now)]);
  const gone = await db.all<Gone>(sql`SELECT key, hour, state FROM archive_files
    WHERE state <> 'live' AND (state IN ('retired', 'given_up') OR (state = 'fenced' AND ${old}))`);
  if (gone.length === 0) return true;
  if (budgetOf(env).left < SWEEP_CALLS - LOOK_CALLS + following) return false;

  const fenced = gone.filter(({ state }) => state === "given_up").slice(0, FENCES);
  for (const { key } of fenced) {
    await putFence(env.ARCHIVE, key);
    await transact(db, [sql`UPDATE archive_files SET state = 'fenced' WHERE key = ${key} AND state = 'given_up'`]);
  }
  // Only files that the manifest no longer lists are removed.
  const retired = gone.filter(({ state }) => state === "retired");
  const days = new Set([...new Set(retired.map(({ hour }) => dayOf(hour)))].slice(0, DAYS));
  const deleted = gone
    .filter(({ state, hour }) => state === "fenced" || (state === "retired" && days.has(dayOf(hour))))
    .map(({ key }) => key)
    .slice(0, DELETED);
  for (const day of days) await writeManifest(env.ARCHIVE, db, day);
  if (deleted.length > 0) {
    await deleteFiles(env.ARCHIVE, deleted);
    await transact(db, [
      sql`DELETE FROM archive_files WHERE state IN ('retired', 'fenced')
        AND key ${among(deleted)}`,
    ]);
  }
  return fenced.length + deleted.length === gone.length;
}
