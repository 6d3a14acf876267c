/**
 * Events of the archive, for those that the log no longer has. A file is read whole, so one call reads a few files and says
 * where it stopped.
 */
import { at, COLUMNS } from "../archive/columns.ts";
import { liveFiles } from "../archive/files.ts";
import type { Row, Wanted } from "../archive/parquet.ts";
import { hourOf } from "../archive/partition.ts";
import { readLive } from "../archive/rewrite.ts";
import type { ColumnName, LoggedRow } from "../log-columns.ts";
import type { Database } from "../store/database.ts";

/** About how much one call reads: a file that was begun is read to its end. */
const MOST_FILES = 24;
const MOST_ROWS = 100_000;

/** Fields that an event must have with these values. */
export type ArchiveFilters = Partial<
  Pick<
    LoggedRow,
    "event_type" | "player_id" | "visitor_id" | "banner_tag" | "country" | "device" | "app_id" | "platform"
  >
>;

/** Where the next call continues: with the events of this UTC hour (counted from 1970) before this `seq`. */
export type ArchivePosition = { hour: number; seq: number };

export type ArchivedEvents = {
  events: LoggedRow[];
  /** Null where all was read. */
  next: ArchivePosition | null;
};

/**
 * The project's events from `from` up to but without `to`, in epoch milliseconds: the latest UTC hour first, within it the
 * last appended event first. At most `limit`, and fewer where there is no `room` for another file. At least one file is
 * read.
 */
export async function archivedEvents(
  env: Env,
  db: Database,
  asked: {
    project_id: string;
    from: number;
    to: number;
    filters: ArchiveFilters;
    limit: number;
    after?: ArchivePosition | null;
    room?: () => boolean;
  },
): Promise<ArchivedEvents> {
  const { from, to, limit, after, room = () => true } = asked;
  const first = hourOf(from);
  const end = Math.min(hourOf(to - 1), after?.hour ?? Number.POSITIVE_INFINITY) + 1;
  if (end <= first) return { events: [], next: null };
  const hours = Map.groupBy(await liveFiles(db, { first, end }), (file) => file.hour);
  const { columns, matches } = wantedBy(asked);
  const events: LoggedRow[] = [];
  let [files, rows] = [0, 0];
  for (const [hour, filesOfHour] of [...hours].reverse()) {
    let before = after?.hour === hour ? after.seq : Number.MAX_SAFE_INTEGER;
    for (const file of filesOfHour.reverse().filter(({ first_seq }) => first_seq < before)) {
      const enough = events.length >= limit || files >= MOST_FILES || rows >= MOST_ROWS;
      if (files > 0 && (enough || !room())) return { events, next: { hour, seq: before } };
      const found: LoggedRow[] = [];
      const wanted = { columns, matches: (row: Row) => matches(row) && (row[at("seq")] as number) < before };
      for await (const rows of readLive(env, db, file, wanted)) found.push(...rows.map(eventOf));
      files++;
      rows += file.rows;
      const shown = found.reverse().slice(0, limit - events.length);
      events.push(...shown);
      before = shown.length < found.length ? (shown.at(-1) as LoggedRow).seq : file.first_seq;
      if (shown.length < found.length) return { events, next: { hour, seq: before } };
    }
  }
  return { events, next: null };
}

function wantedBy(asked: { project_id: string; from: number; to: number; filters: ArchiveFilters }): Wanted {
  const { project_id, filters } = asked;
  const wanted = Object.entries({ project_id, ...filters }) as [ColumnName, string | null][];
  const timestamp = at("timestamp");
  return {
    columns: ["seq", "timestamp", ...wanted.map(([name]) => name)],
    matches: (row) => {
      const happened = row[timestamp] as number;
      return happened >= asked.from && happened < asked.to && wanted.every(([name, value]) => row[at(name)] === value);
    },
  };
}

export const eventOf = (row: Row): LoggedRow =>
  Object.fromEntries(COLUMNS.map(({ name }, index) => [name, row[index]])) as LoggedRow;
