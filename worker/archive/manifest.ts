/**
 * The manifest in the bucket: an object for each UTC day of events, which lists the day's live files. A reader that goes
 * by it sees every event once, whatever lies beside in the bucket, and needs no D1.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../schema.ts";
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

/** Writes a day's object from D1. Who changes the files does so after the change. */
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

export async function writeManifests(bucket: R2Bucket, db: Database, hours: Iterable<number>): Promise<void> {
  for (const day of new Set([...hours].map(dayOf))) await writeManifest(bucket, db, day);
}

/**
 * A log that went back to an earlier state would write its events beside others of the same numbers: the manifests of
 * these hours then list files from behind its cursor.
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

/** The hours that changed with the runs of a range; after 0, all. */
export async function hoursSince(db: Database, after: number): Promise<number[]> {
  const rows = await db.all<{ hour: number }>(
    after === 0
      ? sql`SELECT DISTINCT hour FROM archive_files WHERE state = 'live'`
      : sql`SELECT DISTINCT h.value AS hour FROM archive_runs r, json_each(r.hours) h WHERE r.last_seq > ${after}`,
  );
  return rows.map(({ hour }) => hour);
}
