/** The archive: files with events of the person are rewritten with the names that the log has. */
import { sql } from "drizzle-orm";
import { hasArchive } from "../archive/attached.ts";
import { at, COLUMNS } from "../archive/columns.ts";
import { type ArchiveFile, FROM_LOG, giveUp, liveFiles } from "../archive/files.ts";
import type { Row } from "../archive/parquet.ts";
import { readLive, rewrite } from "../archive/rewrite.ts";
import { renewAudit, renewNotes } from "../archive/settings.ts";
import { sweep } from "../archive/sweep.ts";
import { transact } from "../store/database.ts";
import type { Piece, Work } from "./job.ts";
import { type LoggedEvent, renamedIds, scrubbed } from "./log.ts";

const SEQ = at("seq");
const PROJECT = at("project_id");

/** The changed rows; the same array where nothing changes. */
function renamer({ job, person }: Work, renamedIds: ReadonlySet<string>) {
  const one = (row: Row): Row => {
    if (row[PROJECT] !== job.project_id || (row[SEQ] as number) > job.names.head) return row;
    const event = Object.fromEntries(COLUMNS.map(({ name }, index) => [name, row[index]])) as unknown as LoggedEvent;
    const becomes = { ...event, ...scrubbed(person, event, renamedIds) };
    const values = COLUMNS.map(({ name }) => becomes[name as keyof typeof becomes] as Row[number]);
    return values.some((value, index) => value !== row[index]) ? values : row;
  };
  return (rows: Row[]) => rows.map(one);
}

const DUPLICATE_OF = at("duplicate_of");

async function rowsOf({ env, db }: Work, file: ArchiveFile): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const group of readLive(env, db, file)) rows.push(...group);
  return rows;
}

/** The hour that is being searched, and its files that were searched already; `end` is after all hours. */
type Place = { hour: number; seen: string[] } | "end";

/** Files that one piece reads at most. */
const FILES = 5;

/**
 * Searches the files of an hour, some at a time, until all were searched: a merge may have made new ones.
 * The names cannot come back after this: a run that read the log before the renaming is given up at the beginning, and a
 * file made from a file with the names cannot become live once that file is retired. At the end no object is left that was
 * retired or given up until then.
 */
export async function archive(work: Work): Promise<Piece> {
  const { env, db, job, now } = work;
  if (!hasArchive(env)) return withoutArchive(work);
  const { head, scanned } = job.names;
  const place = job.place as Place | null;
  if (place === null) {
    await transact(db, [giveUp(FROM_LOG, now)]);
    return { changes: [], place: { hour: -1, seen: [] } satisfies Place };
  }
  if (place === "end") return { changes: [], place: (await sweep(env, db, now)) ? null : "end" };

  const { hour, seen } = place;
  const files = hour < 0 ? [] : await liveFiles(db, { first: hour, end: hour + 1 });
  const unseen = files.filter(({ key }) => !seen.includes(key)).slice(0, FILES);
  if (unseen.length === 0) {
    const next = await db.get<{ hour: number | null }>(sql`SELECT min(hour) AS hour FROM archive_files
      WHERE state = 'live' AND hour > ${hour} AND first_seq <= ${head} AND last_seq > ${scanned}`);
    return { changes: [], place: next?.hour == null ? "end" : ({ hour: next.hour, seen: [] } satisfies Place) };
  }
  for (const [index, file] of unseen.entries()) {
    const rows = await rowsOf(work, file);
    const references = rows.map((row) => row[DUPLICATE_OF] as string | null);
    const change = renamer(work, await renamedIds(work, references));
    const total = change(rows).filter((row, n) => row !== rows[n]).length;
    if (total === 0) continue;
    const { statements, drop } = await rewrite(env, db, [file], now, change);
    return {
      changes: [...statements.map((one) => ({ change: one })), { found: "archive", total }],
      place: { hour, seen: [...seen, ...unseen.slice(0, index).map(({ key }) => key)] } satisfies Place,
      lost: drop,
    };
  }
  return { changes: [], place: { hour, seen: [...seen, ...unseen.map(({ key }) => key)] } satisfies Place };
}

/** Without an archive there is nothing to do. But if its bucket was removed from the deployment, the person would stay in it. */
async function withoutArchive({ db }: Work): Promise<Piece> {
  const had = await db.get(sql`SELECT 1 WHERE EXISTS (SELECT 1 FROM archive_files)
    OR EXISTS (SELECT 1 FROM archive_compactions)`);
  if (had)
    throw new Error(
      "The archive was taken away, and may hold the person: deploy with it again, and the erasure goes on.",
    );
  return { changes: [], place: null };
}

/** The copies of notes and of the audit log in the archive's bucket. */
export async function archivedAudit({ env, db, job }: Work): Promise<Piece> {
  if (!hasArchive(env)) return { changes: [], place: null };
  const page = (job.place as number | null) ?? 0;
  if (page === 0) await renewNotes(env.ARCHIVE, db);
  return { changes: [], place: (await renewAudit(env.ARCHIVE, db, page)) ? page + 1 : null };
}
