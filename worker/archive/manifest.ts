/**
 * The manifest in the bucket: an object for each UTC day of events, which lists the day's live files. A reader that follows
 * it sees every event once, even if the bucket has other objects, and does not need D1.
 */
import { type SQL, sql } from "drizzle-orm";
import { budgetOf } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import { putCopy } from "./bucket.ts";
import { type ArchiveFile, liveFiles, TurnLost } from "./files.ts";
import { SCHEMA_VERSION } from "./parquet.ts";
import { dayOf, firstHourOf, manifestKey } from "./partition.ts";

export type Manifest = {
  format: "edgepixel-archive";
  schema_version: number;
  /** YYYY-MM-DD, of the events' `timestamp` in UTC. */
  day: string;
  rows: number;
  bytes: number;
  files: ArchiveFile[];
};

/** Calls and statements that follow the manifests in one invocation. */
const OTHER_CALLS = 6;

/** Writes a day's object from D1, after each change of its files. */
export async function writeManifest(bucket: R2Bucket, db: Database, day: string): Promise<void> {
  await putCopy(bucket, manifestKey(day), async () => {
    const first = firstHourOf(day);
    const files = await liveFiles(db, { first, end: first + 24 });
    const manifest: Manifest = {
      format: "edgepixel-archive",
      schema_version: SCHEMA_VERSION,
      day,
      rows: files.reduce((sum, file) => sum + file.rows, 0),
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      files,
    };
    return { text: JSON.stringify(manifest) };
  });
}

/**
 * A log that was set back to an earlier state would write further events with the same numbers. It is recognised by
 * manifests of these hours that list files beyond its cursor.
 */
export async function refuseOtherLog(
  bucket: R2Bucket,
  db: Database,
  hours: Iterable<number>,
  cursor: number,
): Promise<void> {
  for (const day of new Set([...hours].map(dayOf))) {
    const manifest = await (await bucket.get(manifestKey(day)))?.json<Manifest>();
    if (!manifest?.files.some(({ last_seq }) => last_seq > cursor)) continue;
    const now = await db.get<{ cursor: number }>(sql`SELECT cursor FROM projections WHERE name = 'archive'`);
    if ((now?.cursor ?? 0) > cursor) throw new TurnLost("Another run has archived these events.");
    throw new Error(`The bucket has events of ${day} that this log lost: it is the archive of another log.`);
  }
}

/** Calls of writing the manifest of a day, if nobody else writes it at the same time. */
export const MANIFEST_CALLS = 3;

/** Notes that the manifests of these hours' days have to be written again; `mark` is different each time. */
export const manifestsDue = (hours: readonly number[], mark: number): SQL => sql`
  INSERT INTO manifests_due (day, mark)
  SELECT DISTINCT date(value * 3600, 'unixepoch'), ${mark} FROM json_each(${JSON.stringify(hours)}) WHERE true
  ON CONFLICT DO UPDATE SET mark = excluded.mark`;

/** Notes that of all days. */
export const allManifestsDue = sql`
  INSERT OR IGNORE INTO manifests_due (day, mark)
  SELECT DISTINCT date(hour * 3600, 'unixepoch'), 0 FROM archive_files WHERE state = 'live'`;

/** Writes manifests that are due, while the budget has room for another one. Returns whether none is left. */
export async function writeDueManifests(env: Env, db: Database): Promise<boolean> {
  const budget = budgetOf(env);
  const most = Math.max(1, Math.floor((budget.left - OTHER_CALLS) / MANIFEST_CALLS));
  const due = await db.all<{ day: string; mark: number }>(
    sql`SELECT day, mark FROM manifests_due ORDER BY day LIMIT ${most + 1}`,
  );
  const written: typeof due = [];
  for (const one of due.slice(0, most)) {
    if (written.length > 0 && !budget.has(MANIFEST_CALLS + OTHER_CALLS)) break;
    await writeManifest(env.ARCHIVE, db, one.day);
    written.push(one);
  }
  if (written.length === 0) return true;
  // A day that was noted again meanwhile stays due.
  await transact(db, [
    sql`DELETE FROM manifests_due WHERE (day, mark) IN (SELECT value ->> 'day', value ->> 'mark'
      FROM json_each(${JSON.stringify(written)}))`,
  ]);
  return written.length === due.length;
}
