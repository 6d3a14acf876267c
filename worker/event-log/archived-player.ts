/**
 * A person's events that have left the log, from the archive. Every file of those days must be searched, so one call reads
 * some files, which are chosen before the first is read.
 */
import { bytesOf, MissingFile } from "../archive/bucket.ts";
import { at } from "../archive/columns.ts";
import { type ArchiveFile, isLive, liveFiles } from "../archive/files.ts";
import { decode, type Row, type Wanted } from "../archive/parquet.ts";
import { firstHourOf } from "../archive/partition.ts";
import { addDays, localTime } from "../calendar.ts";
import type { LoggedRow } from "../log-columns.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { eventOf } from "./archived-events.ts";

/** An invocation may compute for 30 seconds. */
export const MOST_FILES = 500;
const MOST_ROWS = 2_000_000;
/** The most files that are read at the same time; fewer where they are too large together. */
const SIDE_BY_SIDE = 8;
const BYTES_AT_ONCE = 8 * 1024 * 1024;

/** The UTC hour, counted from 1970, before which events have left the log or may leave it within a day; 0 where none have. */
export function firstHourInLog({ settled_before, retention, timezone }: Project, now: number): number {
  const days = retention.events_days;
  const due = days === undefined ? "" : addDays(localTime(timezone, now).date, 1 - days);
  const last = settled_before > due ? settled_before : due;
  // Days end up to twelve hours after those of UTC.
  return last === "" ? 0 : firstHourOf(addDays(last, 1));
}

/** A place in the archive: after it come the events of this UTC hour (counted from 1970) after `seq`, and all later hours. */
export type ArchivePlace = { hour: number; seq: number };
export const BEGINNING: ArchivePlace = { hour: 0, seq: 0 };

/** The files that one call reads, its place, and the next call's place; null where there is none. */
export type ArchivePart = { from: ArchivePlace; files: ArchiveFile[]; next: ArchivePlace | null };

/** The next files from a place on, of hours before `before`: at least one, and a limited number. */
export async function nextPart(db: Database, from: ArchivePlace, before: number, most: number): Promise<ArchivePart> {
  if (from.hour >= before) return { from, files: [], next: null };
  const found = await liveFiles(db, { first: from.hour, seq: from.seq, end: before, limit: most + 1 });
  let rows = 0;
  const beyond = found.findIndex((file, index) => {
    rows += file.rows;
    return index >= most || (index > 0 && rows > MOST_ROWS);
  });
  const following = found[beyond];
  if (following === undefined) return { from, files: found, next: null };
  const files = found.slice(0, beyond);
  const last = files.at(-1) as ArchiveFile;
  // Files of an hour contain consecutive parts of the log, also after a merge.
  return { from, files, next: { hour: following.hour, seq: following.hour === last.hour ? last.last_seq : 0 } };
}

export type Person = { project_id: string; player_id: string; visitors: readonly string[] };

/** The person's events of this part: as the player, or as one of the visitors without a player. */
export async function* personsEvents(
  env: Env,
  db: Database,
  { from, files }: Pick<ArchivePart, "from" | "files">,
  { project_id, player_id, visitors }: Person,
): AsyncGenerator<LoggedRow[]> {
  const [project, player, visitor, seq] = [at("project_id"), at("player_id"), at("visitor_id"), at("seq")];
  const ownVisitors = new Set<unknown>(visitors);
  const matches = (row: Row) =>
    row[project] === project_id &&
    (row[player] === player_id || (row[player] === null && ownVisitors.has(row[visitor])));
  const wantedOf = ({ hour }: ArchiveFile): Wanted => ({
    columns: ["project_id", "player_id", "visitor_id", "seq"],
    matches: (row) => matches(row) && (hour > from.hour || (row[seq] as number) > from.seq),
  });
  for (const filesTogether of together(files)) {
    const read = await Promise.all(filesTogether.map((file) => bytesOfLive(env, db, file)));
    for (const [index, bytes] of read.entries()) {
      const file = filesTogether[index] as ArchiveFile;
      const wanted = wantedOf(file);
      const rows = bytes ? decode(bytes, { wanted }) : replaced(env, db, file, wanted);
      for await (const group of rows) yield group.map(eventOf);
    }
  }
}

/** Null where the file was replaced since it was found. */
async function bytesOfLive(env: Env, db: Database, file: ArchiveFile): Promise<ArrayBuffer | null> {
  try {
    return await bytesOf(env.ARCHIVE, file);
  } catch (error) {
    if (error instanceof MissingFile && !(await isLive(db, file.key))) return null;
    throw error;
  }
}

/** The rows of a file that was replaced: the same part of the log, from the files that its hour has now. */
async function* replaced(env: Env, db: Database, file: ArchiveFile, wanted: Wanted): AsyncGenerator<Row[]> {
  const seq = at("seq");
  const ofFile = (row: Row) => (row[seq] as number) >= file.first_seq && (row[seq] as number) <= file.last_seq;
  const wantedOfFile = { columns: wanted.columns, matches: (row: Row) => wanted.matches(row) && ofFile(row) };
  for (const other of await liveFiles(db, { first: file.hour, end: file.hour + 1 })) {
    if (other.last_seq < file.first_seq || other.first_seq > file.last_seq) continue;
    const bytes = await bytesOfLive(env, db, other);
    yield* bytes ? decode(bytes, { wanted: wantedOfFile }) : replaced(env, db, other, wantedOfFile);
  }
}

function* together(files: readonly ArchiveFile[]): Generator<ArchiveFile[]> {
  let held: ArchiveFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (held.length === SIDE_BY_SIDE || (held.length > 0 && bytes + file.bytes > BYTES_AT_ONCE)) {
      yield held;
      held = [];
      bytes = 0;
    }
    held.push(file);
    bytes += file.bytes;
  }
  if (held.length > 0) yield held;
}
