/**
 * A run of the archive: takes a range of the log and writes a file for each hour that it touches, some in each step. The
 * range and the files are noted before the first one is put, so the run that continues after a crash knows what may be in the
 * bucket.
 */
import { type SQL, sql } from "drizzle-orm";
import { budgetOf } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import { putFile } from "./bucket.ts";
import { at, COLUMNS } from "./columns.ts";
import {
  type ArchiveFile,
  describe,
  EMPTY,
  FROM_LOG,
  giveUp,
  makeLive,
  plan,
  plannedFiles,
  TurnLost,
} from "./files.ts";
import { manifestsDue, refuseOtherLog } from "./manifest.ts";
import { boundsOf, encode, type Row } from "./parquet.ts";
import { dayOf, hourOf, keyOf, newWriter } from "./partition.ts";

/** `after < seq <= upTo`. */
type Range = { after: number; upTo: number };

/**
 * The length of an interval. Only events that were received before the end of the last closed interval are archived, so
 * that there are few files, and the delay is short.
 */
export const INTERVAL_MS = 15 * 60_000;

/** Events of a run at most, and at least after halving: an invocation can always write the files of the latter. */
const MOST = 5_000;
const LEAST = 32;
/**
 * Files that one step puts at most, because other requests wait for the bucket and for this thread. Each further try puts
 * half as many.
 */
const FILES_A_STEP = 10;
/** Calls and statements of a step in addition to those of its files and their days. */
const OTHER_CALLS = 14;
/** How often a step of a run is tried: the platform ends an invocation that takes too much time or memory without an error. */
const TRIES = 4;

type Run = {
  first_seq: number;
  last_seq: number;
  size: number;
  attempts: number;
  hours: number[];
  finished_at: number | null;
};

async function lastRun(db: Database): Promise<Run | null> {
  const run = await db.get<Omit<Run, "hours"> & { hours: string }>(
    sql`SELECT * FROM archive_runs ORDER BY first_seq DESC LIMIT 1`,
  );
  return run ? { ...run, hours: JSON.parse(run.hours) as number[] } : null;
}

const lengthOf = (run: Run) => run.last_seq - run.first_seq + 1;

/** How long the next run may be: after a run that succeeded at the first try, the next one may be longer. */
const sizeAfter = (run: Run | null): number =>
  run === null ? MOST : run.attempts > 1 ? run.size : Math.min(MOST, Math.ceil(run.size * 1.5));

/** The last event of this run: the rest of a run that was begun, else the events that were received in closed intervals. */
export async function reachOfRun(db: Database, { after, upTo }: Range, now: number): Promise<number> {
  const run = await lastRun(db);
  if (run !== null && run.finished_at === null) {
    const half = Math.max(LEAST, Math.floor(lengthOf(run) / 2));
    return Math.min(upTo, run.attempts < TRIES ? run.last_seq : Math.min(run.last_seq, after + half));
  }
  const end = Math.min(upTo, after + sizeAfter(run));
  const closed = Math.floor(now / INTERVAL_MS) * INTERVAL_MS;
  // An event with a date in the future does not delay the others.
  const open = await db.get<{ seq: number }>(sql`SELECT seq FROM events NOT INDEXED
    WHERE seq > ${after} AND seq <= ${end} AND received_at >= ${closed} AND received_at <= ${now} ORDER BY seq LIMIT 1`);
  return open ? open.seq - 1 : end;
}

/** The files of a run that has begun: noted, and those that are in the bucket with what is in them. */
async function plannedBy(db: Database, run: Run): Promise<ArchiveFile[]> {
  const files = await plannedFiles(db, run);
  // If one of them was given up, all were.
  return files.length === run.hours.length ? files : [];
}

/**
 * Continues the run after its last step, or begins it by noting the files that it will put. The files that another try has
 * planned are given up, so that only the try that began last can end the run.
 */
async function begin(db: Database, { after, upTo }: Range, now: number): Promise<{ run: Run; files: ArchiveFile[] }> {
  const before = await lastRun(db);
  const open = before?.finished_at === null ? before : null;
  const same = open?.last_seq === upTo ? open : null;
  const planned = same ? await plannedBy(db, same) : [];
  if (same && planned.length > 0) {
    await transact(db, [recordAttempt(same, same.attempts + 1)]);
    return { run: { ...same, attempts: same.attempts + 1 }, files: planned };
  }
  const rows = await db.all<{ hour: number }>(
    sql`SELECT DISTINCT timestamp / 3600000 AS hour FROM events NOT INDEXED WHERE seq > ${after} AND seq <= ${upTo} ORDER BY 1`,
  );
  const run: Run = {
    first_seq: after + 1,
    last_seq: upTo,
    size: same ? same.size : open ? upTo - after : sizeAfter(before),
    attempts: same ? same.attempts + 1 : 1,
    hours: rows.map(({ hour }) => hour),
    finished_at: null,
  };
  const writer = newWriter();
  const files = run.hours.map((hour) => ({
    ...EMPTY,
    key: keyOf(hour, run.first_seq, run.last_seq, writer),
    hour,
    first_seq: run.first_seq,
    last_seq: run.last_seq,
    created_at: now,
  }));
  await transact(db, [
    giveUp(FROM_LOG, now),
    plan(files, null),
    sql`INSERT INTO archive_runs (first_seq, last_seq, size, attempts, hours, began_at)
      VALUES (${run.first_seq}, ${run.last_seq}, ${run.size}, ${run.attempts}, ${JSON.stringify(run.hours)}, ${now})
      ON CONFLICT DO UPDATE SET last_seq = excluded.last_seq, size = excluded.size, attempts = excluded.attempts,
        hours = excluded.hours, began_at = excluded.began_at`,
  ]);
  return { run, files };
}

/** Fails if another invocation has begun the run again meanwhile, perhaps with half of the events: NULL is not allowed. */
const recordAttempt = (run: Run, attempts: number, finished_at: number | null = null): SQL =>
  sql`UPDATE archive_runs SET finished_at = ${finished_at},
    attempts = CASE WHEN last_seq = ${run.last_seq} AND attempts = ${run.attempts} THEN CAST(${attempts} AS INTEGER) END
    WHERE first_seq = ${run.first_seq}`;

/** The files that are put next: each is a call, and so is the manifest of each day. */
function next(files: readonly ArchiveFile[], attempts: number, calls: number): ArchiveFile[] {
  const most = Math.ceil(FILES_A_STEP / 2 ** (attempts - 1));
  const days = new Set<string>();
  const end = files.findIndex((file, index) => {
    days.add(dayOf(file.hour));
    return index >= most || index + 1 + days.size > calls;
  });
  return files.slice(0, end === -1 ? files.length : Math.max(1, end));
}

/** Events as they were appended: an event that turns out later to repeat a trusted one changes no file. */
const AS_TAKEN = sql.raw(
  COLUMNS.map(({ name }) =>
    name === "duplicate_of" ? "CASE WHEN superseded_at IS NULL THEN duplicate_of END" : name,
  ).join(", "),
);

async function put(
  env: Env,
  db: Database,
  { after, upTo }: Range,
  files: readonly ArchiveFile[],
): Promise<ArchiveFile[]> {
  const [first, last] = [files[0]?.hour ?? 0, files.at(-1)?.hour ?? 0];
  const rows = await db.values<Row>(
    sql`SELECT ${AS_TAKEN} FROM events NOT INDEXED WHERE seq > ${after} AND seq <= ${upTo}
      AND timestamp / 3600000 BETWEEN ${first} AND ${last} ORDER BY seq`,
  );
  const hours = Map.groupBy(rows, (row) => hourOf(row[at("timestamp")] as number));
  if (hours.size !== files.length) throw new TurnLost("The log has changed since the run was noted.");
  const written: ArchiveFile[] = [];
  for (const file of files) {
    const events = hours.get(file.hour) as Row[];
    const bytes = encode(events);
    const sha256 = await putFile(env.ARCHIVE, file.key, bytes);
    const [min_received_at, max_received_at] = boundsOf(events, "received_at");
    written.push({ ...file, rows: events.length, bytes: bytes.length, sha256, min_received_at, max_received_at });
  }
  return written;
}

/**
 * Writes some of the range's files. After the last one it returns the statements that make all of them live, for the
 * transaction that moves the cursor; null until then.
 */
export async function archiveRange(env: Env, db: Database, range: Range, now: number): Promise<SQL[] | null> {
  const { run, files } = await begin(db, range, now);
  const waiting = files.filter(({ sha256 }) => sha256 === "");
  const chosen = next(waiting, run.attempts, budgetOf(env).left - OTHER_CALLS);
  await refuseOtherLog(
    env.ARCHIVE,
    db,
    chosen.map(({ hour }) => hour),
    range.after,
  );
  const written = await put(env, db, range, chosen);
  if (chosen.length < waiting.length) {
    await transact(db, [...describe(written), recordAttempt(run, 0)]);
    return null;
  }
  const before = files.filter(({ sha256 }) => sha256 !== "");
  return [
    ...makeLive([...before, ...written]),
    recordAttempt(run, run.attempts, now),
    manifestsDue(run.hours, run.last_seq),
  ];
}
