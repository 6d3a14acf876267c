/**
 * Merges the small files of an hour into one, once a day. The order of steps is such that what is live in D1, and what
 * the manifest lists, is whole at every moment: the merged file is planned, written, made live in one transaction that
 * retires the others, told in the manifest; only then the others go. What a crash leaves, the next run takes away.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Duty } from "../duty.ts";
import { log } from "../log.ts";
import { type Database, openDatabase, transact } from "../schema.ts";
import { deleteFiles, putFile, readFile } from "./bucket.ts";
import { type ArchiveFile, liveFiles } from "./files.ts";
import { writeManifests } from "./manifest.ts";
import { parquetFile, ROW_GROUP, type Row } from "./parquet.ts";
import { generationOf, hourOf, keyOf } from "./partition.ts";
import { saveSettings } from "./settings.ts";

const MINUTE_MS = 60_000;
/** An hour rests so long before its files are merged. */
const REST_HOURS = 2;
/** A file does not grow beyond it by merging: it is made in memory. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Rows that one call merges, about; what is left is for the next one. */
const MOST_ROWS = 300_000;
/** What was planned and not done in so long was given up. Until then its hour is let be: it may be too much for here. */
const GIVEN_UP_MS = 12 * 60 * MINUTE_MS;
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

/** Merges what one call can. Null where another one is at it. */
export async function compact(env: Env, db: Database, now: number): Promise<Compaction | null> {
  const day = dayOf(now);
  const lease = await db.get(sql`INSERT INTO archive_compactions (day, busy_until, updated_at)
    VALUES (${day}, ${now + LEASE_MS}, ${now})
    ON CONFLICT DO UPDATE SET busy_until = excluded.busy_until, updated_at = excluded.updated_at
      WHERE busy_until <= ${now} RETURNING 1`);
  if (!lease) return null;

  await sweep(env, db, now);
  const { groups, finished } = await choose(db, now);
  let merged_files = 0;
  let made_files = 0;
  for (const group of groups) {
    try {
      await merge(env, db, group, now);
      merged_files += group.length;
      made_files++;
    } catch (error) {
      // The others need not wait for it.
      log("error", "merge failed", { key: group[0]?.key, error: String(error) });
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

/** Files of an hour, in the log's order, that become one. */
type Group = ArchiveFile[];

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
  const groups: Group[] = [];
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

async function merge(env: Env, db: Database, group: Group, now: number): Promise<void> {
  await transact(db, await rewrite(env, db, group, now, (rows) => rows));
}

const rowsIn = (group: Group) => group.reduce((sum, file) => sum + file.rows, 0);

/** What takes files out of the archive; it fails where someone else has changed them meanwhile: NULL is not allowed. */
export const retire = (group: Group): SQL => sql`
  UPDATE archive_files SET state = CASE WHEN state = 'live' THEN 'retired' END
  WHERE key IN (SELECT value FROM json_each(${JSON.stringify(group.map(({ key }) => key))}))`;

/**
 * Writes the files of a group anew, as one, with their rows as `change` makes them, so many as `rows` says. What it gives
 * makes that one the archive instead of them; it fails where someone else has changed them meanwhile.
 */
export async function rewrite(
  env: Env,
  db: Database,
  group: Group,
  now: number,
  change: (rows: Row[]) => Row[],
  rows = rowsIn(group),
): Promise<SQL[]> {
  const [first] = group as [ArchiveFile];
  const planned = {
    key: keyOf(
      first.hour,
      first.first_seq,
      Math.max(...group.map((file) => file.last_seq)),
      1 + Math.max(...group.map((file) => generationOf(file.key))),
    ),
    hour: first.hour,
    first_seq: first.first_seq,
    last_seq: Math.max(...group.map((file) => file.last_seq)),
    rows,
    min_received_at: Math.min(...group.map((file) => file.min_received_at)),
    max_received_at: Math.max(...group.map((file) => file.max_received_at)),
  };
  await transact(db, [plan(planned, now)]);

  const file = parquetFile(planned.rows);
  let waiting: Row[] = [];
  let read = 0;
  let written = 0;
  for (const source of group) {
    for await (const own of readFile(env.ARCHIVE, source)) {
      read += own.length;
      const changed = change(own);
      written += changed.length;
      waiting = waiting.concat(changed);
      if (waiting.length < ROW_GROUP) continue;
      file.add(waiting.slice(0, ROW_GROUP));
      waiting = waiting.slice(ROW_GROUP);
    }
  }
  if (waiting.length > 0) file.add(waiting);
  if (read !== rowsIn(group) || written !== rows)
    throw new Error(`${planned.key} would have ${written} rows of ${rows}, from ${read} of ${rowsIn(group)}.`);
  const bytes = file.finish();
  const sha256 = await putFile(env.ARCHIVE, planned.key, bytes, true);

  return [
    // Fails, too, where another run has made it live.
    sql`UPDATE archive_files SET state = CASE WHEN state = 'planned' THEN 'live' END, bytes = ${bytes.length},
      sha256 = ${sha256} WHERE key = ${planned.key}`,
    retire(group),
  ];
}

const plan = (file: Omit<ArchiveFile, "bytes" | "sha256" | "created_at">, now: number): SQL => sql`
  INSERT INTO archive_files (key, hour, first_seq, last_seq, rows, bytes, sha256, min_received_at, max_received_at,
    created_at, state)
  VALUES (${file.key}, ${file.hour}, ${file.first_seq}, ${file.last_seq}, ${file.rows}, 0, '',
    ${file.min_received_at}, ${file.max_received_at}, ${now}, 'planned')
  ON CONFLICT DO UPDATE SET created_at = excluded.created_at WHERE state = 'planned'`;

/** Takes away what is no longer, or never became, part of the archive, once the manifest does not list it. */
export async function sweep(env: Env, db: Database, now: number): Promise<void> {
  const gone = await db.all<{ key: string; hour: number }>(sql`SELECT key, hour FROM archive_files
    WHERE state <> 'live' AND (state = 'retired' OR created_at <= ${now - GIVEN_UP_MS})`);
  if (gone.length === 0) return;
  await writeManifests(
    env.ARCHIVE,
    db,
    gone.map(({ hour }) => hour),
  );
  const keys = gone.map(({ key }) => key);
  await deleteFiles(env.ARCHIVE, keys);
  await transact(db, [
    sql`DELETE FROM archive_files WHERE state <> 'live' AND key IN (SELECT value FROM json_each(${JSON.stringify(keys)}))`,
  ]);
}
