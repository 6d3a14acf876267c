/** The archive: how it stands, its files, and the files themselves. They hold all projects, and so must the key. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import * as z from "zod";
import { hasArchive, NO_ARCHIVE } from "../archive/attached.ts";
import { type Compaction, compact } from "../archive/compaction.ts";
import { type ArchiveFile, liveFiles } from "../archive/files.ts";
import { EVENTS, firstHourOf, startOf } from "../archive/partition.ts";
import { atLeast } from "../http/access.ts";
import { pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { readRange } from "../http/range.ts";
import { type Database, openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

const FIRST_DAY = "1970-01-01";
const LAST_DAY = "9999-12-30";
const day = z.iso.date("must be a date, YYYY-MM-DD");

export const archiveFilesQuery = z.strictObject({
  from: day.default(FIRST_DAY).describe("The first day of events, in UTC; all where absent."),
  to: day.default(LAST_DAY).describe("The last day of events, in UTC, included."),
  limit: pageParameters.limit,
  cursor: z.string("is not a cursor").startsWith(EVENTS, "is not a cursor").optional(),
});

export type ArchiveFileView = Omit<ArchiveFile, "hour" | "min_received_at" | "max_received_at" | "created_at"> & {
  hour: string;
  min_received_at: string;
  max_received_at: string;
  created_at: string;
};
export type ArchiveState = {
  cursor: number;
  lag_events: number;
  lag_seconds: number;
  files: number;
  rows: number;
  bytes: number;
  last_run: {
    first_seq: number;
    last_seq: number;
    files: number;
    attempts: number;
    began_at: string;
    finished_at: string | null;
  } | null;
  last_compaction: (Compaction & { day: string; updated_at: string }) | null;
};

const iso = (at: number) => new Date(at).toISOString();
const isoOrNull = (at: number | null) => (at === null ? null : iso(at));

const view = (file: ArchiveFile): ArchiveFileView => ({
  ...file,
  hour: iso(startOf(file.hour)),
  min_received_at: iso(file.min_received_at),
  max_received_at: iso(file.max_received_at),
  created_at: iso(file.created_at),
});

async function readState(db: Database, now: number): Promise<ArchiveState> {
  const [position, held, run, compaction] = await Promise.all([
    db.get<{ cursor: number; head: number; waiting_since: number | null }>(sql`WITH place AS (
        SELECT ifnull((SELECT cursor FROM projections WHERE name = 'archive'), 0) AS cursor)
      SELECT cursor, ifnull((SELECT max(seq) FROM events), 0) AS head,
        (SELECT e.received_at FROM events e WHERE e.seq > cursor ORDER BY e.seq LIMIT 1) AS waiting_since FROM place`),
    db.get<{ files: number; rows: number; bytes: number }>(sql`SELECT count(*) AS files, total(rows) AS rows,
      total(bytes) AS bytes FROM archive_files WHERE state = 'live'`),
    db.get<{
      first_seq: number;
      last_seq: number;
      files: number;
      attempts: number;
      began_at: number;
      finished_at: number | null;
    }>(sql`SELECT *, json_array_length(hours) AS files FROM archive_runs ORDER BY first_seq DESC LIMIT 1`),
    db.get<Omit<Compaction, "finished"> & { day: string; updated_at: number; finished_at: number | null }>(
      sql`SELECT * FROM archive_compactions ORDER BY day DESC LIMIT 1`,
    ),
  ]);
  const { cursor = 0, head = 0, waiting_since = null } = position ?? {};
  return {
    cursor,
    lag_events: Math.max(0, head - cursor),
    lag_seconds: waiting_since === null ? 0 : Math.max(0, Math.round((now - waiting_since) / 1_000)),
    files: held?.files ?? 0,
    rows: held?.rows ?? 0,
    bytes: held?.bytes ?? 0,
    last_run: run
      ? {
          first_seq: run.first_seq,
          last_seq: run.last_seq,
          files: run.files,
          attempts: run.attempts,
          began_at: iso(run.began_at),
          finished_at: isoOrNull(run.finished_at),
        }
      : null,
    last_compaction: compaction
      ? {
          day: compaction.day,
          merged_files: compaction.merged_files,
          made_files: compaction.made_files,
          finished: compaction.finished_at !== null,
          updated_at: iso(compaction.updated_at),
        }
      : null,
  };
}

const ofAllProjects = createMiddleware<App>(async (c, next) => {
  if (c.var.principal.project_id !== null) throw new Problem(403, "The archive needs a key for all projects.");
  await next();
});
const whereThereIsOne = createMiddleware<App>(async (c, next) => {
  if (!hasArchive(c.env)) throw new Problem(404, NO_ARCHIVE);
  await next();
});
/** Who may reach the archive. */
export const allowed = [atLeast("admin"), ofAllProjects, whereThereIsOne] as const;

export const archiveRoutes = new Hono<App>()
  .get("/archive", ...allowed, async (c) => c.json(await readState(openDatabase(c.env.DB), Date.now())))
  .get("/archive/files", ...allowed, parameters(archiveFilesQuery), async (c) => {
    const { from, to, limit, cursor } = c.req.valid("query");
    const files = await liveFiles(openDatabase(c.env.DB), {
      first: firstHourOf(from),
      end: firstHourOf(to) + 24,
      after: cursor ?? "",
      limit: limit + 1,
    });
    const shown = files.slice(0, limit);
    return c.json({
      rows: shown.map(view),
      next_cursor: files.length > limit ? ((shown.at(-1) as ArchiveFile).key as string | null) : null,
    });
  })
  .get("/archive/files/:object_key{.+}", ...allowed, async (c) => {
    const key = c.req.param("object_key");
    const db = openDatabase(c.env.DB);
    const file = await db.get<{ bytes: number; sha256: string }>(
      sql`SELECT bytes, sha256 FROM archive_files WHERE key = ${key} AND state = 'live'`,
    );
    if (!file) throw new Problem(404, `The archive has no file ${key}.`);
    const etag = `"${file.sha256}"`;
    const headers = { etag, "accept-ranges": "bytes", "cache-control": "private, no-cache" };
    if (c.req.header("if-none-match")?.split(/, */).includes(etag)) return c.body(null, 304, headers);
    const range = readRange(c.req.header("range"), file.bytes);
    if (range === "unsatisfiable")
      throw new Problem(416, "The range lies outside of the file.", {
        headers: { "content-range": `bytes */${file.bytes}` },
      });
    const object = await c.env.ARCHIVE.get(key, range ? { range } : {});
    if (!object) throw new Problem(404, `The bucket has no file ${key}.`);
    const what = { project_id: null, action: "archive.download", subject: key, details: range ?? {} };
    await act(db, c.var.principal, Date.now(), what, []);
    return c.body(object.body, range ? 206 : 200, {
      ...headers,
      "content-type": "application/vnd.apache.parquet",
      "content-length": String(range ? range.length : file.bytes),
      ...(range && { "content-range": `bytes ${range.offset}-${range.offset + range.length - 1}/${file.bytes}` }),
    });
  })
  .post("/archive/compact", ...allowed, async (c) => {
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    await act(db, c.var.principal, now, { project_id: null, action: "archive.compact", subject: "archive" }, []);
    const compaction = await compact(c.env, db, now);
    if (!compaction) throw new Problem(409, "Another compaction, or a restore, is under way.");
    return c.json(compaction);
  });
