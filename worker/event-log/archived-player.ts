/**
 * A person's events that have gone from the log, from the archive. Every file of those days is looked through, so one
 * call reads whole hours up to a limit, known before the first is read.
 */
import { bytesOf, MissingFile } from "../archive/bucket.ts";
import { at } from "../archive/columns.ts";
import { type ArchiveFile, isLive, liveFiles } from "../archive/files.ts";
import { decode, type Row, type Wanted } from "../archive/parquet.ts";
import { firstHourOf } from "../archive/partition.ts";
import { addDays, localTime } from "../calendar.ts";
import type { LoggedRow } from "../log-columns.ts";
import type { Project } from "../project.ts";
import type { Database } from "../schema.ts";
import { eventOf } from "./archived-events.ts";

/** An invocation may compute for 30 seconds. */
export const MOST_FILES = 500;
const MOST_ROWS = 2_000_000;
/** Files that are read side by side: so many, or fewer where they are larger together. */
const SIDE_BY_SIDE = 8;
const BYTES_AT_ONCE = 8 * 1024 * 1024;

/** Before which UTC hour, counted from 1970, events have gone from the log, or may go within a day; 0 where none. */
export function goneBefore({ settled_before, retention, timezone }: Project, now: number): number {
  const days = retention.events_days;
  const due = days === undefined ? "" : addDays(localTime(timezone, now).date, 1 - days);
  const last = settled_before > due ? settled_before : due;
  // Days end up to twelve hours after those of UTC.
  return last === "" ? 0 : firstHourOf(addDays(last, 1));
}

/** What one call reads, and the hour behind which the next one goes on; null where this is all. */
export type ArchivePart = { files: ArchiveFile[]; next: number | null };

/** The next whole hours behind `after`. */
export async function nextPart(
  db: Database,
  { after, before }: { after: number; before: number },
  most: number,
): Promise<ArchivePart> {
  if (after + 1 >= before) return { files: [], next: null };
  const found = await liveFiles(db, { first: after + 1, end: before, limit: most + 1 });
  const hours = [...Map.groupBy(found, ({ hour }) => hour)];
  const files: ArchiveFile[] = [];
  for (const [index, [hour, own]] of hours.entries()) {
    // The last one of a full list may have more files.
    const cut = found.length > most && index === hours.length - 1;
    const whole = cut ? await liveFiles(db, { first: hour, end: hour + 1 }) : own;
    const rows = [...files, ...whole].reduce((sum, file) => sum + file.rows, 0);
    if (index > 0 && (cut || rows > MOST_ROWS)) return { files, next: hour - 1 };
    files.push(...whole);
    if (cut) return { files, next: hour };
  }
  return { files, next: null };
}

export type Person = { project_id: string; player_id: string; visitors: readonly string[] };

/** The person's events of these files: as the player, or as one of the visitors without a player. */
export async function* personsEvents(
  env: Env,
  db: Database,
  files: readonly ArchiveFile[],
  { project_id, player_id, visitors }: Person,
): AsyncGenerator<LoggedRow[]> {
  const [project, player, visitor] = [at("project_id"), at("player_id"), at("visitor_id")];
  const own = new Set<unknown>(visitors);
  const matches = (row: Row) =>
    row[project] === project_id && (row[player] === player_id || (row[player] === null && own.has(row[visitor])));
  const wanted = { columns: ["project_id", "player_id", "visitor_id"], matches } as const;
  for (const some of together(files)) {
    const read = await Promise.all(some.map((file) => bytesOfLive(env, db, file)));
    for (const [index, bytes] of read.entries()) {
      const rows = bytes ? decode(bytes, { wanted }) : replaced(env, db, some[index] as ArchiveFile, wanted);
      for await (const own of rows) yield own.map(eventOf);
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

/** The rows of a file that was replaced: those of its part of the log, in the files that its hour has now. */
async function* replaced(env: Env, db: Database, file: ArchiveFile, wanted: Wanted): AsyncGenerator<Row[]> {
  const seq = at("seq");
  const ofFile = (row: Row) => (row[seq] as number) >= file.first_seq && (row[seq] as number) <= file.last_seq;
  const own = {
    columns: [...wanted.columns, "seq" as const],
    matches: (row: Row) => wanted.matches(row) && ofFile(row),
  };
  for (const other of await liveFiles(db, { first: file.hour, end: file.hour + 1 })) {
    if (other.last_seq < file.first_seq || other.first_seq > file.last_seq) continue;
    const bytes = await bytesOfLive(env, db, other);
    yield* bytes ? decode(bytes, { wanted: own }) : replaced(env, db, other, own);
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
