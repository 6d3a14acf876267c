/** The archive, in the document. */
import * as z from "zod";
import { type ArchiveFileView, type ArchiveState, archiveFilesQuery } from "../admin/archive.ts";
import type { Compaction } from "../archive/compaction.ts";
import { PHASES, type Restored } from "../event-log/restore.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { json, type Operation } from "./operation.ts";

const compactionFields = {
  merged_files: whole.describe("Small files that are gone."),
  made_files: whole.describe("Files that took their place."),
  finished: z.boolean().describe("Whether nothing is left to merge."),
};
const compaction = z.object(compactionFields).meta({ id: "Compaction" }) satisfies z.ZodType<Compaction>;

const state = z
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
  .meta({ id: "Archive" }) satisfies z.ZodType<ArchiveState>;

const file = z
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
  .meta({ id: "ArchiveFile" }) satisfies z.ZodType<ArchiveFileView>;

const restored = z
  .object({
    phase: z.enum(PHASES).describe("`done`: the log is whole, and the projections derive their figures anew."),
    files_done: whole,
    files_total: whole.describe("Known once the manifests have been read, as is `rows_total`."),
    rows_done: whole,
    rows_total: whole,
  })
  .meta({ id: "Restored" }) satisfies z.ZodType<Restored>;

const archive = { tag: "Archive", role: "admin" } as const;
const OF_ALL = "Needs a key for all projects: the files hold them all.";
const parquet = { content: { "application/vnd.apache.parquet": null }, headers: ["ETag", "Accept-Ranges"] };

export const archiveOperations: Operation[] = [
  {
    ...archive,
    id: "getArchive",
    method: "get",
    path: "/api/v1/archive",
    summary: "How the archive stands",
    description: OF_ALL,
    answers: { 200: { description: "What it holds, and what it did last.", content: json(state) } },
    problems: [404],
  },
  {
    ...archive,
    id: "listArchiveFiles",
    method: "get",
    path: "/api/v1/archive/files",
    summary: "List its files",
    description: OF_ALL,
    query: archiveFilesQuery,
    answers: {
      200: {
        description: "The earliest hour first.",
        content: json(z.object({ rows: z.array(file), next_cursor: maybe })),
      },
    },
    problems: [404],
  },
  {
    ...archive,
    id: "getArchiveFile",
    method: "get",
    path: "/api/v1/archive/files/{object_key}",
    summary: "Download a file",
    description: `${OF_ALL} \`Range\` and \`If-None-Match\` are obeyed. Each download is in the audit log.`,
    answers: {
      200: { description: "Parquet.", ...parquet },
      206: { description: "The part that `Range` asked for.", ...parquet },
      304: { description: "It is the one that the asker has." },
    },
    problems: [404, 416],
  },
  {
    ...archive,
    id: "compactArchive",
    method: "post",
    path: "/api/v1/archive/compact",
    summary: "Merge small files now",
    description: `${OF_ALL} Cron does it once a day. One call does a part: ask again until it is finished.`,
    answers: { 200: { description: "What was done.", content: json(compaction) } },
    problems: [404, 409],
  },
  {
    ...archive,
    id: "restoreArchive",
    method: "post",
    path: "/api/v1/archive/restore",
    summary: "Restore a lost log, a step",
    description:
      `${OF_ALL} For a database that was lost and migrated anew. One call does a part: ask again until it is done, which ` +
      "`npm run restore` does. Events may come in meanwhile.",
    answers: { 200: { description: "How far it is.", content: json(restored) } },
    problems: [404, 409],
  },
];
