/**
 * Takes away what is no longer, or never became, part of the archive. A retired file is deleted, since nobody writes it
 * any more. A file that was given up may still be put by a writer that knows nothing of that: an empty file takes its
 * key, which no writer puts over, until no writer can be left.
 */

import { sql } from "drizzle-orm";
import { budgetOf } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { deleteFiles, putFence } from "./bucket.ts";
import { giveUp, OUTDATED } from "./files.ts";
import { MANIFEST_CALLS, writeManifest } from "./manifest.ts";
import { dayOf } from "./partition.ts";

/** Files that were planned and not put in this time were given up. Until then their hour is left alone: it may be too large for one call. */
const GIVEN_UP_MS = 12 * 60 * 60_000;
/** Files that are fenced in one call, and days whose manifest is written: each takes requests of the bucket. */
const FENCES = 4;
const DAYS = 3;
/** Objects that one request deletes at most. */
const DELETED = 1_000;
/** Calls that it takes to see what is to go. */
const LOOK_CALLS = 2;
/** Calls and statements of one call at most. */
export const SWEEP_CALLS = LOOK_CALLS + 2 * FENCES + DAYS * MANIFEST_CALLS + 3;

type Gone = { key: string; hour: number; state: "retired" | "given_up" | "fenced" };

/**
 * Whether all that was to go when the call began has gone. Nothing goes where the invocation has no room for it and for the
 * calls that are to follow, as many as `following`.
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
  // Only what the manifest no longer lists goes.
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
