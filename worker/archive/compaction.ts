/**
 * Merges the small files of an hour into one, once a day. What is live in D1, and what the manifest lists, is whole at
 * every moment: see `rewrite.ts` and `sweep.ts`. What a crash leaves, the next call takes away.
 */
import { sql } from "drizzle-orm";
import type { Duty } from "../duty.ts";
import { log } from "../log.ts";
import { type Database, openDatabase, transact } from "../schema.ts";
import { type ArchiveFile, liveFiles, lostTurn } from "./files.ts";
import { hourOf } from "./partition.ts";
import { RESTORING } from "./restoring.ts";
import { type Group, replace, rowsIn } from "./rewrite.ts";
import { saveSettings } from "./settings.ts";
import { sweep } from "./sweep.ts";

const MINUTE_MS = 60_000;
/** An hour rests so long before its files are merged. */
const REST_HOURS = 2;
/** A file does not grow beyond it by merging: it is made in memory. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Rows that one call merges, about; what is left is for the next one. */
const MOST_ROWS = 300_000;
/** How long a call has the archive for itself. */
const LEASE_MS = 5 * MINUTE_MS;

/** When the daily compaction begins, after midnight UTC. */
const DAILY_AT_MS = 190 * MINUTE_MS;

export type Compaction = {
  /** Files that are gone, and those that took their place. */
  merged_files: number;
  made_files: number;
  /** Whether nothing is left to merge. */
  finished: boolean;
};

const dayOf = (now: number) => new Date(now).toISOString().slice(0, 10);

/** Some of the day's work each time, until it is done. */
export const compaction: Duty = {
  name: "compaction",
  every: 5 * MINUTE_MS,
  async run(env, _, now) {
    if (now % (24 * 60 * MINUTE_MS) < DAILY_AT_MS) return "done";
    const db = openDatabase(env.DB);
    const done = await db.get(
      sql`SELECT 1 FROM archive_compactions WHERE day = ${dayOf(now)} AND finished_at IS NOT NULL`,
    );
    if (done) return "done";
    await compact(env, db, now);
    // Also on days without events.
    await saveSettings(env.ARCHIVE, db, now);
    return "done";
  },
};

/** Merges what one call can. Null where another one is at it, or a restore, which reads the files in their order. */
export async function compact(env: Env, db: Database, now: number): Promise<Compaction | null> {
  const day = dayOf(now);
  const lease = await db.get(sql`INSERT INTO archive_compactions (day, busy_until, updated_at)
    SELECT ${day}, ${now + LEASE_MS}, ${now} WHERE NOT ${RESTORING}
    ON CONFLICT DO UPDATE SET busy_until = excluded.busy_until, updated_at = excluded.updated_at
      WHERE busy_until <= ${now} RETURNING 1`);
  if (!lease) return null;

  await sweep(env, db, now);
  const { groups, finished } = await choose(db, now);
  let merged_files = 0;
  let made_files = 0;
  for (const group of groups) {
    try {
      await replace(env, db, group, now, (rows) => rows);
      merged_files += group.length;
      made_files++;
    } catch (error) {
      // The others need not wait for it; what another writer took is merged another time.
      if (!lostTurn(error)) log("error", "merge failed", { key: group[0]?.key, error: String(error) });
    }
  }
  await sweep(env, db, now);
  await transact(db, [
    sql`UPDATE archive_compactions SET busy_until = 0, merged_files = merged_files + ${merged_files},
      made_files = made_files + ${made_files}, updated_at = ${now}, finished_at = ${finished ? now : null}
      WHERE day = ${day}`,
  ]);
  return { merged_files, made_files, finished };
}

/** What to merge now, the oldest hours first. */
async function choose(db: Database, now: number): Promise<{ groups: Group[]; finished: boolean }> {
  const hours = await db.all<{
    hour: number;
  }>(sql`SELECT hour FROM archive_files WHERE hour < ${hourOf(now) - REST_HOURS}
    GROUP BY hour HAVING sum(state = 'live') > 1 AND sum(state = 'planned') = 0 ORDER BY hour`);
  const groups: Group[] = [];
  let rows = 0;
  for (const { hour } of hours) {
    if (rows >= MOST_ROWS) return { groups, finished: false };
    for (const group of together(await liveFiles(db, { first: hour, end: hour + 1 }))) {
      groups.push(group);
      rows += rowsIn(group);
    }
  }
  return { groups, finished: true };
}

/** Neighbours, as many as make a file of the largest size. */
function together(files: readonly ArchiveFile[]): Group[] {
  const groups: ArchiveFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const group = groups.at(-1);
    if (group && bytes + file.bytes <= MOST_BYTES) group.push(file);
    else {
      groups.push([file]);
      bytes = 0;
    }
    bytes += file.bytes;
  }
  return groups.filter((group) => group.length > 1);
}
