/** The files of the archive, as D1 knows them. What is live here is the archive; the bucket's manifest is a copy. */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../schema.ts";
import { partition } from "./partition.ts";

export type ArchiveFile = {
  key: string;
  /** Of its events' `timestamp`, in UTC, counted from 1970. */
  hour: number;
  /** The range of the log that it was made from; not every event of it is of this hour. */
  first_seq: number;
  last_seq: number;
  rows: number;
  bytes: number;
  /** Hex. */
  sha256: string;
  /** Epoch milliseconds. */
  min_received_at: number;
  max_received_at: number;
  created_at: number;
};

const COLUMNS = sql.raw(
  "key, hour, first_seq, last_seq, rows, bytes, sha256, min_received_at, max_received_at, created_at",
);

/** Live files of the hours from `first` up to and without `end`, in the order of their keys, behind `after`. */
export function liveFiles(
  db: Database,
  { first, end, after = "", limit = -1 }: { first: number; end: number; after?: string; limit?: number },
): Promise<ArchiveFile[]> {
  return db.all<ArchiveFile>(sql`SELECT ${COLUMNS} FROM archive_files
    WHERE key >= ${partition(first)} AND key < ${partition(end)} AND key > ${after} AND state = 'live'
    ORDER BY key LIMIT ${limit}`);
}

/** All of one statement, whatever their number. A key that is there already is an error. */
export const addFiles = (files: readonly ArchiveFile[]): SQL => sql`INSERT INTO archive_files (${COLUMNS}, state)
  SELECT ${sql.raw(
    ["key", "hour", "first_seq", "last_seq", "rows", "bytes", "sha256"].map((name) => `value ->> '${name}'`).join(", "),
  )}, value ->> 'min_received_at', value ->> 'max_received_at', value ->> 'created_at', 'live'
  FROM json_each(${JSON.stringify(files)})`;
