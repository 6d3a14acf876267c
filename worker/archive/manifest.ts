/**
 * The manifest in the bucket: an object for each UTC day of events, which lists the day's live files. A reader that goes
 * by it sees every event once, whatever lies beside in the bucket, and needs no D1.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../schema.ts";
import { type ArchiveFile, liveFiles } from "./files.ts";
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

const TRIES = 10;

/**
 * Writes a day's object from D1. Who changes the files does so after the change; of two at a time, the one that has read
 * the older state finds the object changed under it, and reads again.
 */
export async function writeManifest(bucket: R2Bucket, db: Database, day: string): Promise<void> {
  const key = manifestKey(day);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const there = await bucket.head(key);
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
    const put = await bucket.put(key, JSON.stringify(manifest), {
      httpMetadata: { contentType: "application/json" },
      onlyIf: there ? { etagMatches: there.etag } : { etagDoesNotMatch: "*" },
    });
    if (put) return;
  }
  throw new Error(`${key} changes faster than it can be written.`);
}

export async function writeManifests(bucket: R2Bucket, db: Database, hours: Iterable<number>): Promise<void> {
  for (const day of new Set([...hours].map(dayOf))) await writeManifest(bucket, db, day);
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
