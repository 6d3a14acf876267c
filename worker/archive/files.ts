/** The files of the archive, as D1 knows them. The live files here are the archive; the bucket's manifest is a copy. */

import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { among } from "../store/sql.ts";
import { partition } from "./partition.ts";

export type ArchiveFile = {
  key: string;
  /** The hour of its events' `timestamp`, in UTC, counted from 1970. */
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

/**
 * Another writer was faster, or gave up the files that this one had planned. Nothing was changed, and the work can be done
 * again.
 */
export class TurnLost extends Error {}

/** Whether work on the archive failed only because another writer was faster. */
export const lostTurn = (error: unknown): boolean =>
  error instanceof TurnLost || isGuarded(error, "archive_files.state");

const NAMES = [
  "key",
  "hour",
  "first_seq",
  "last_seq",
  "rows",
  "bytes",
  "sha256",
  "min_received_at",
  "max_received_at",
  "created_at",
] as const satisfies readonly (keyof ArchiveFile)[];
const COLUMNS = sql.raw(NAMES.join(", "));
const VALUES = sql.raw(NAMES.map((name) => `value ->> '${name}'`).join(", "));

type Asked = { first: number; end: number; after?: string; seq?: number; limit?: number };

/**
 * Live files of the hours from `first` up to but without `end`, in the order of their keys, after `after`; of the first
 * hour only those with events after `seq`.
 */
export function liveFiles(
  db: Database,
  { first, end, after = "", seq = 0, limit = -1 }: Asked,
): Promise<ArchiveFile[]> {
  return db.all<ArchiveFile>(sql`SELECT ${COLUMNS} FROM archive_files
    WHERE key >= ${partition(first)} AND key < ${partition(end)} AND key > ${after} AND state = 'live'
      AND (hour > ${first} OR last_seq > ${seq})
    ORDER BY key LIMIT ${limit}`);
}

export const isLive = async (db: Database, key: string): Promise<boolean> =>
  (await db.get(sql`SELECT 1 FROM archive_files WHERE key = ${key} AND state = 'live'`)) !== undefined;

/** Inserts any number of files in one statement. A key that exists already is an error. */
const insert = (files: readonly ArchiveFile[], state: "planned" | "live", sources: string | null): SQL => sql`
  INSERT INTO archive_files (${COLUMNS}, state, sources)
  SELECT ${VALUES}, ${state}, ${sources} FROM json_each(${JSON.stringify(files)})`;

/** Files that are in the bucket already, as its manifest lists them. */
export const addFiles = (files: readonly ArchiveFile[]): SQL => insert(files, "live", null);

export type Planned = Pick<ArchiveFile, "key" | "hour" | "first_seq" | "last_seq" | "created_at">;
/** Values that are not known before a file is put. */
export const EMPTY = { rows: 0, bytes: 0, sha256: "", min_received_at: 0, max_received_at: 0 };

/** Notes files before they are put, with the files that they are made from; null is the log. */
export const plan = (files: readonly Planned[], sources: readonly ArchiveFile[] | null): SQL =>
  insert(
    files.map((file) => ({ ...file, ...EMPTY })),
    "planned",
    sources && JSON.stringify(sources.map(({ key }) => key)),
  );

const keyOfThese = (files: readonly { key: string }[]) => sql`key ${among(files.map(({ key }) => key))}`;

/** Fails, and so does the transaction, unless all these files have this state: NULL is not allowed. */
const ensure = (files: readonly { key: string }[], state: "planned" | "live"): SQL =>
  sql`INSERT INTO archive_files (${COLUMNS}, state) SELECT '', 0, 0, 0, 0, 0, '', 0, 0, 0, NULL
    WHERE (SELECT count(*) FROM archive_files WHERE state = ${state} AND ${keyOfThese(files)}) <> ${files.length}`;

/** The files of a range of the log that are planned. */
export const plannedFiles = (
  db: Database,
  range: Pick<ArchiveFile, "first_seq" | "last_seq">,
): Promise<ArchiveFile[]> =>
  db.all<ArchiveFile>(sql`SELECT ${COLUMNS} FROM archive_files
    WHERE state = 'planned' AND sources IS NULL AND first_seq = ${range.first_seq} AND last_seq = ${range.last_seq}
    ORDER BY key`);

/** Notes the contents of planned files, which must already be in the bucket. */
export const describe = (files: readonly ArchiveFile[]): SQL[] => settle(files, "planned");

/** Makes planned files live, which must already be in the bucket. */
export const makeLive = (files: readonly ArchiveFile[]): SQL[] => settle(files, "live");

const settle = (files: readonly ArchiveFile[], state: "planned" | "live"): SQL[] => [
  ensure(files, "planned"),
  sql`UPDATE archive_files SET state = ${state}, rows = v.value ->> 'rows', bytes = v.value ->> 'bytes',
    sha256 = v.value ->> 'sha256', min_received_at = v.value ->> 'min_received_at',
    max_received_at = v.value ->> 'max_received_at', created_at = v.value ->> 'created_at', sources = NULL
    FROM json_each(${JSON.stringify(files)}) v WHERE archive_files.key = v.value ->> 'key'`,
];

/** Removes live files from the archive; the next `sweep` deletes their objects. */
export const retire = (files: readonly ArchiveFile[]): SQL[] => [
  ensure(files, "live"),
  sql`UPDATE archive_files SET state = 'retired' WHERE ${keyOfThese(files)}`,
];

/** Removes planned files that their writer will not put any more. */
export const takeBack = (files: readonly Planned[]): SQL =>
  sql`UPDATE archive_files SET state = 'retired' WHERE state = 'planned' AND ${keyOfThese(files)}`;

/** Files that were planned from the log and are not live yet. */
export const FROM_LOG = sql`sources IS NULL`;
/** Files that were made from files that are no longer live. */
export const OUTDATED = sql`EXISTS (SELECT 1 FROM json_each(archive_files.sources) s WHERE NOT EXISTS (
  SELECT 1 FROM archive_files f WHERE f.key = s.value AND f.state = 'live'))`;

/** From now on these planned files cannot become live, even if their writers go on. */
export const giveUp = (kind: SQL, now: number): SQL => sql`
  UPDATE archive_files SET state = 'given_up', created_at = CAST(${now} AS INTEGER) WHERE state = 'planned' AND (${kind})`;
