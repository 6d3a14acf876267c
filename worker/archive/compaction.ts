/**
 * Merges the small files of an hour into one, once a day. The live files in D1 and those of the manifest are complete at
 * every moment: see `rewrite.ts` and `sweep.ts`. The next call removes what a crash leaves.
 */

import { sql } from "drizzle-orm";
import type { Duty } from "../duties/duty.ts";
import { log } from "../log.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, databaseOf, transact } from "../store/database.ts";
import { MINUTE_MS, utcDate } from "../time.ts";
import { hasArchive } from "./attached.ts";
import { type ArchiveFile, lostTurn } from "./files.ts";
import { hourOf, partition } from "./partition.ts";
import { RESTORING } from "./restoring.ts";
import { type Group, replace } from "./rewrite.ts";
import { PAGE_CALLS, SETTINGS_CALLS, saveSettings } from "./settings.ts";
import { SWEEP_CALLS, sweep } from "./sweep.ts";

/** How long an hour is over before its files are merged. */
const REST_HOURS = 2;
/** The largest file that merging makes, as it is made in memory. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Files that one merge reads at most: an hour with more files takes several merges. */
const MOST_FILES = 12;
/** Calls and statements of a merge without those of reading its files, and of the end of a call. */
const MERGE_CALLS = 8;
const END_CALLS = 2;
/** How long a call has the archive for itself. */
const LEASE_MS = 5 * MINUTE_MS;

/** When the daily compaction begins, after midnight UTC. */
const DAILY_AT_MS = 190 * MINUTE_MS;

export type Compaction = {
  /** The number of files that were merged, and of files that replaced them. */
  merged_files: number;
  made_files: number;
  /** Whether nothing is left to merge. */
  finished: boolean;
};

const dayOf = (now: number) => utcDate(now);

/** Each run does some of the day's work, until it is done. */
export const compaction: Duty = {
  name: "compaction",
  every: 5 * MINUTE_MS,
  async run(env, budget, now) {
    if (!hasArchive(env) || now % (24 * 60 * MINUTE_MS) < DAILY_AT_MS) return "done";
    const db = databaseOf(env);
    const done = await db.get(
      sql`SELECT 1 FROM archive_compactions WHERE day = ${dayOf(now)} AND finished_at IS NOT NULL`,
    );
    if (done) return "done";
    // Also on days without events. Not limited by time: with a slow database no page would ever be written.
    const hasRoom = () => budget.left >= PAGE_CALLS + SETTINGS_CALLS;
    if (!(await saveSettings(env.ARCHIVE, db, now, hasRoom))) return "more";
    const compacted = await compact(env, db, now);
    return compacted?.finished === false ? "more" : "done";
  },
};

/** How far the day's pass over the hours is. */
type Pass = { place: number };

/** Merges as much as one call can. Null while another call merges, or while a restore reads the files in their order. */
export async function compact(env: Env, db: Database, now: number): Promise<Compaction | null> {
  const day = dayOf(now);
  // A pass that has ended begins again.
  const pass = await db.get<Pass>(sql`INSERT INTO archive_compactions (day, busy_until, updated_at)
    SELECT ${day}, ${now + LEASE_MS}, ${now} WHERE NOT ${RESTORING}
    ON CONFLICT DO UPDATE SET busy_until = excluded.busy_until, updated_at = excluded.updated_at,
      place = CASE WHEN finished_at IS NULL THEN place ELSE -1 END, finished_at = NULL
      WHERE busy_until <= ${now} RETURNING place`);
  if (!pass) return null;

  const merged: Merged = { place: pass.place, merged_files: 0, made_files: 0 };
  const walked = (await swept(env, db, now)) && (await walk(env, db, merged, now));
  const finished = walked && (await swept(env, db, now));
  const { place, merged_files, made_files } = merged;
  await transact(db, [
    sql`UPDATE archive_compactions SET busy_until = 0, place = ${place}, merged_files = merged_files + ${merged_files},
      made_files = made_files + ${made_files}, updated_at = ${now}, finished_at = ${finished ? now : null}
      WHERE day = ${day}`,
  ]);
  return { merged_files, made_files, finished };
}

/** Sweeps while the budget has room. Returns whether everything was removed. */
async function swept(env: Env, db: Database, now: number): Promise<boolean> {
  const budget = budgetOf(env);
  while (budget.has(SWEEP_CALLS + END_CALLS)) if (await sweep(env, db, now)) return true;
  return false;
}

/** The place of the pass, and what it has done in this call. */
type Merged = Pass & Omit<Compaction, "finished">;

/** Merges hour by hour while the budget has room. Returns whether no hour is left. */
async function walk(env: Env, db: Database, merged: Merged, now: number): Promise<boolean> {
  const budget = budgetOf(env);
  while (budget.has(END_CALLS + 1)) {
    const hours = await hoursBehind(db, merged.place, hourOf(now) - REST_HOURS);
    if (hours.length === 0) return true;
    for (const [hour, files] of hours) {
      const groups = files.every(({ state }) => state === "live") ? together(files) : [];
      let whole = true;
      for (const group of groups) {
        if (!budget.has(MERGE_CALLS + group.length + END_CALLS)) return false;
        try {
          await replace(env, db, group, now, (rows) => rows);
          merged.merged_files += group.length;
          merged.made_files++;
        } catch (error) {
          whole = false;
          // The other groups need not wait for it. Files that another writer has changed are merged another time.
          if (!lostTurn(error)) log("error", "merge failed", { key: group[0]?.key, error: String(error) });
        }
      }
      // Files that several groups were made into may become one.
      if (whole && groups.length > 1) break;
      merged.place = hour;
    }
  }
  return false;
}

/** Files that one query reads. */
const FILES_A_LOOK = 500;

/** The files of the hours after `place` and before `end`, as many hours as one query reads. */
async function hoursBehind(db: Database, place: number, end: number): Promise<[number, Candidate[]][]> {
  if (place + 1 >= end) return [];
  const files = await db.all<Candidate>(sql`SELECT * FROM archive_files
    WHERE key >= ${partition(place + 1)} AND key < ${partition(end)} AND state IN ('live', 'planned')
    ORDER BY key LIMIT ${FILES_A_LOOK}`);
  const hours = [...Map.groupBy(files, ({ hour }) => hour)];
  // The last hour may have more files.
  return files.length === FILES_A_LOOK && hours.length > 1 ? hours.slice(0, -1) : hours;
}

type Candidate = ArchiveFile & { state: "live" | "planned" };

/** Groups of neighbouring files, each as large as one merge may read and one file may be. */
function together(files: readonly ArchiveFile[]): Group[] {
  const groups: ArchiveFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const group = groups.at(-1);
    if (group && group.length < MOST_FILES && bytes + file.bytes <= MOST_BYTES) group.push(file);
    else {
      groups.push([file]);
      bytes = 0;
    }
    bytes += file.bytes;
  }
  return groups.filter((group) => group.length > 1);
}
