/** The archive: its state, the list of its files, and the files. A file contains all projects, so a key for all projects is needed. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { hasArchive, NO_ARCHIVE } from "../archive/attached.ts";
import { type Compaction, compact } from "../archive/compaction.ts";
import { type ArchiveFile, liveFiles } from "../archive/files.ts";
import { EVENTS, firstHourOf, startOf } from "../archive/partition.ts";
import { json } from "../http/operation.ts";
import { pageParameters } from "../http/page.ts";
import { Problem } from "../http/problem.ts";
import { readRange } from "../http/range.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

const FIRST_DAY = "1970-01-01";
const LAST_DAY = "9999-12-30";
const day = z.iso.date("must be a date, YYYY-MM-DD");

export const archiveFilesQuery = z.strictObject({
  from: day.default(FIRST_DAY).describe("The first day of events, in UTC; all where absent."),
  to: day.default(LAST_DAY).describe("The last day of events, in UTC, included."),
  limit: pageParameters.limit,
  cursor: z.string("is not a cursor").startsWith(EVENTS, "is not a cursor").optional(),
});

export const OF_ALL = "Needs a key for all projects: the files hold them all.";
const parquet = { content: { "application/vnd.apache.parquet": null }, headers: ["ETag", "Accept-Ranges"] };
const compactionFields = {
  merged_files: whole.describe("Small files that are gone."),
  made_files: whole.describe("Files that took their place."),
  finished: z.boolean().describe("Whether nothing is left to merge."),
};
const compactionView = z.object(compactionFields).meta({ id: "Compaction" });
const archiveState = z
  .object({
    cursor: whole.describe("The last event of the log that is in the bucket."),
    lag_events: whole,
    lag_seconds: whole,
    files: whole,
    rows: whole,
    bytes: whole,
    last_run: z
      .object({
        first_seq: whole,
        last_seq: whole,
        files: whole,
        attempts: whole,
        began_at: instant,
        finished_at: instant.nullable(),
      })
      .nullable(),
    last_compaction: z.object({ day: z.iso.date(), ...compactionFields, updated_at: instant }).nullable(),
  })
  .meta({ id: "Archive" });
const archiveFile = z
  .object({
    key: text.describe("Its key in the bucket."),
    hour: instant.describe("The UTC hour of its events' `timestamp`."),
    first_seq: whole.describe("The range of the log that it was made from."),
    last_seq: whole,
    rows: whole,
    bytes: whole,
    sha256: text.describe("Of its bytes, in hex."),
    min_received_at: instant,
    max_received_at: instant,
    created_at: instant,
  })
  .meta({ id: "ArchiveFile" });
export type ArchiveFileView = z.output<typeof archiveFile>;
export type ArchiveState = z.output<typeof archiveState>;

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

export const ofArchive = {
  tag: "Archive",
  role: "admin",
  everywhere: "The archive needs a key for all projects.",
  requires: (env: Env) => {
    if (!hasArchive(env)) throw new Problem(404, NO_ARCHIVE);
  },
} as const;

export const archiveRoutes = [
  route(
    {
      id: "getArchive",
      method: "get",
      path: "/archive",
      on: "each",
      ...ofArchive,
      summary: "The state of the archive",
      description: OF_ALL,
      answers: { 200: { description: "What it holds, and what it did last.", content: json(archiveState) } },
      problems: [404],
    },
    ({ db, now }) => readState(db, now),
  ),
  route(
    {
      id: "listArchiveFiles",
      method: "get",
      path: "/archive/files",
      on: "each",
      ...ofArchive,
      summary: "List its files",
      description: OF_ALL,
      query: archiveFilesQuery,
      answers: {
        200: {
          description: "The earliest hour first.",
          content: json(z.object({ rows: z.array(archiveFile), next_cursor: maybe })),
        },
      },
      problems: [404],
    },
    async ({ db, query }) => {
      const { from, to, limit, cursor } = query;
      const files = await liveFiles(db, {
        first: firstHourOf(from),
        end: firstHourOf(to) + 24,
        after: cursor ?? "",
        limit: limit + 1,
      });
      const shown = files.slice(0, limit);
      return {
        rows: shown.map(view),
        next_cursor: files.length > limit ? (shown.at(-1) as ArchiveFile).key : null,
      };
    },
  ),
  route(
    {
      id: "getArchiveFile",
      method: "get",
      path: "/archive/files/:object_key{.+}",
      on: "each",
      ...ofArchive,
      summary: "Download a file",
      description: `${OF_ALL} \`Range\` and \`If-None-Match\` are obeyed. Each download is in the audit log.`,
      answers: {
        200: { description: "Parquet.", ...parquet },
        206: { description: "The part that `Range` asked for.", ...parquet },
        304: { description: "It is the one that the asker has." },
      },
      problems: [404, 416],
      audit: "archive.download",
    },
    async ({ c, env, db, params, act }) => {
      const key = params.object_key;
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
      const object = await env.ARCHIVE.get(key, range ? { range } : {});
      if (!object) throw new Problem(404, `The bucket has no file ${key}.`);
      const what = { project_id: null, subject: key, details: range ?? {} };
      await act(what, []);
      return c.body(object.body, range ? 206 : 200, {
        ...headers,
        "content-type": "application/vnd.apache.parquet",
        "content-length": String(range ? range.length : file.bytes),
        ...(range && { "content-range": `bytes ${range.offset}-${range.offset + range.length - 1}/${file.bytes}` }),
      });
    },
  ),
  route(
    {
      id: "compactArchive",
      method: "post",
      path: "/archive/compact",
      on: "each",
      ...ofArchive,
      summary: "Merge small files now",
      description: `${OF_ALL} Cron does it once a day. One call does a part: ask again until it is finished.`,
      answers: { 200: { description: "What was done.", content: json(compactionView) } },
      problems: [404, 409],
      audit: "archive.compact",
    },
    async ({ env, db, act, now }) => {
      await act({ project_id: null, subject: "archive" }, []);
      const compaction = await compact(env, db, now);
      if (!compaction) throw new Problem(409, "Another compaction, or a restore, is under way.");
      return compaction;
    },
  ),
] as const;
