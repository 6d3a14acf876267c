/**
 * A person's events that have gone from the log, from the archive. Every file of those days is looked through, so one
 * call reads whole hours up to a limit, known before the first is read.
 */
import { bytesOf } from "../archive/bucket.ts";
import { at } from "../archive/columns.ts";
import { type ArchiveFile, liveFiles } from "../archive/files.ts";
import { decode, type Row } from "../archive/parquet.ts";
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
  bucket: R2Bucket,
  files: readonly ArchiveFile[],
  { project_id, player_id, visitors }: Person,
): AsyncGenerator<LoggedRow[]> {
  const [project, player, visitor] = [at("project_id"), at("player_id"), at("visitor_id")];
  const own = new Set<unknown>(visitors);
  const matches = (row: Row) =>
    row[project] === project_id && (row[player] === player_id || (row[player] === null && own.has(row[visitor])));
  const wanted = { columns: ["project_id", "player_id", "visitor_id"], matches } as const;
  for (const some of together(files)) {
    const read = await Promise.all(some.map((file) => bytesOf(bucket, file)));
    for (const bytes of read) for await (const rows of decode(bytes, { wanted })) yield rows.map(eventOf);
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
