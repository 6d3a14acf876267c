/** The archive: files that hold the person are written anew, with the names that the log has. */
import { sql } from "drizzle-orm";
import { readFile } from "../archive/bucket.ts";
import { at, COLUMNS } from "../archive/columns.ts";
import { rewrite, sweep } from "../archive/compaction.ts";
import { type ArchiveFile, liveFiles } from "../archive/files.ts";
import type { Row } from "../archive/parquet.ts";
import { renewAudit } from "../archive/settings.ts";
import type { Piece, Work } from "./job.ts";
import { type LoggedEvent, renamedIds, scrubbed } from "./log.ts";

const SEQ = at("seq");
const PROJECT = at("project_id");

/** The rows as they are to be: the same array where nothing changes. */
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

async function rowsOf(env: Env, file: ArchiveFile): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const group of readFile(env.ARCHIVE, file)) rows.push(...group);
  return rows;
}

type Place = { hour: number; rewritten: boolean };

/** An hour's files one after the other, and again while one of them has changed: a merge may have come between. */
export async function archive(work: Work): Promise<Piece> {
  const { env, db, job, now } = work;
  const { head, scanned, since } = job.names;
  const { hour, rewritten } = (job.place as Place | null) ?? { hour: -1, rewritten: false };
  if (rewritten) {
    // The old files go once the manifest does not list them.
    await sweep(env, db, now);
    return { changes: [], place: { hour, rewritten: false } satisfies Place };
  }
  // A run that had read the old names and stopped has left them in the bucket until it is done again.
  const open = await db.get(sql`SELECT 1 FROM archive_runs WHERE finished_at IS NULL AND began_at <= ${since}`);
  if (open) return { changes: [], place: null, wait: true };

  const next = await db.get<{ hour: number | null }>(sql`SELECT min(hour) AS hour FROM archive_files
    WHERE state = 'live' AND hour > ${hour} AND first_seq <= ${head} AND last_seq > ${scanned}`);
  if (next?.hour == null) return { changes: [], place: null };
  for (const file of await liveFiles(db, { first: next.hour, end: next.hour + 1 })) {
    const rows = await rowsOf(env, file);
    const references = rows.map((row) => row[DUPLICATE_OF] as string | null);
    const change = renamer(work, await renamedIds(work, references));
    const total = change(rows).filter((row, index) => row !== rows[index]).length;
    if (total === 0) continue;
    const statements = await rewrite(env, db, [file], now, change);
    return {
      changes: [...statements.map((one) => ({ change: one })), { found: "archive", total }],
      place: { hour: next.hour - 1, rewritten: true } satisfies Place,
    };
  }
  return { changes: [], place: { hour: next.hour, rewritten: false } satisfies Place };
}

/** The audit log's copy beside the archive. */
export async function archivedAudit({ env, db, job, person }: Work): Promise<Piece> {
  const page = (job.place as number | null) ?? 0;
  const more = await renewAudit(env.ARCHIVE, db, page, new RegExp(person.words.pattern, "iu"));
  return { changes: [], place: more ? page + 1 : null };
}
