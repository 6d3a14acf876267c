/**
 * Brings a wiped log back from its archive, in bounded steps. Each step writes its rows and its progress in one
 * transaction, so a restore that was stopped continues, and no event is written twice. Meanwhile new events get numbers
 * above those of the archive, and projections pause: they start again from the first event when the log is complete.
 */

import { type SQL, sql } from "drizzle-orm";
import { addFiles, liveFiles } from "../archive/files.ts";
import type { Manifest } from "../archive/manifest.ts";
import { ROW_GROUP, SCHEMA_VERSION } from "../archive/parquet.ts";
import { EVENTS, lastSeqOf, MANIFESTS } from "../archive/partition.ts";
import { SETTINGS, STATE, TABLE_NAMES } from "../archive/settings.ts";
import { PROJECTIONS } from "../projections/index.ts";
import { beginAgain, clearReceivers } from "../projections/runner.ts";
import { type Database, transact } from "../store/database.ts";
import { isGuarded, isTaken } from "../store/guard.ts";
import { CREATE_ID_INDEX } from "../store/places.ts";
import { duplicateOf, LOGGED, supersede } from "./append.ts";
import { fitting, groupOf, wholeOf } from "./restored-files.ts";
import { insertEvents, pieces, putRows, type Table } from "./restored-rows.ts";

export const PHASES = ["settings", "audit", "manifests", "events", "check", "done"] as const;
export type Phase = (typeof PHASES)[number];

type Place = {
  phase: Phase;
  base: number;
  done_key: string;
  groups_done: number;
  /** How many pieces of this step are written already. */
  pieces_done: number;
  files_done: number;
  rows_done: number;
};

/** The progress. The totals are known once the manifests have been read. */
export type Restored = {
  phase: Phase;
  files_done: number;
  files_total: number;
  rows_done: number;
  rows_total: number;
};

/** Why a restore cannot begin; nothing was changed. */
export class NotRestorable extends Error {}

/** Numbers of the log that events had which never reached the archive: they are not used again, as somebody may remember one. */
const LOST_SEQS = 1_000_000;
/** Objects that one step reads, and pieces that it writes: any invocation has room for them. */
const OBJECTS_A_STEP = 10;
const PIECES_A_STEP = 5;
/** Projections that are never rebuilt: they have read the archive's events before. */
const RECORDS = PROJECTIONS.filter((projection) => "deliver" in projection && !projection.clear);
const RECEIVED = PROJECTIONS.filter((projection) => "deliver" in projection && projection.clear);
const placeOf = (db: Database) => db.get<Place>(sql`SELECT * FROM restores`);

async function progress(db: Database): Promise<Restored> {
  const found = await db.get<Restored>(sql`SELECT phase, files_done, rows_done,
    (SELECT count(*) FROM archive_files WHERE state = 'live' AND last_seq <= base) AS files_total,
    (SELECT ifnull(sum(rows), 0) FROM archive_files WHERE state = 'live' AND last_seq <= base) AS rows_total FROM restores`);
  return found as Restored;
}

/** Writes the statements that begin a restore, and the entry of the audit log, in one transaction. */
export type WriteAudited = (statements: SQL[]) => Promise<unknown>;

/** Does one step, of a limited number of events or of one row group, and returns the progress. After the end it does nothing. */
export async function restoreStep(
  env: Env,
  db: Database,
  now: number,
  writeAudited: WriteAudited,
  most = ROW_GROUP,
): Promise<Restored> {
  const place = await placeOf(db);
  if (!place) await writeAudited(await begin(env, db, now));
  else if (place.phase !== "done") await STEPS[place.phase](env, db, place, now, most);
  return progress(db);
}

/** Fails, and so does the transaction, if another step was faster: NULL is not allowed. */
const moveOn = ({ phase, done_key, groups_done, pieces_done }: Place, to: Partial<Place>): SQL => {
  const next = { phase, done_key, groups_done, pieces_done: 0, files_done: 0, rows_done: 0, ...to };
  return sql`UPDATE restores SET phase = CASE WHEN phase = ${phase} AND done_key = ${done_key}
      AND groups_done = CAST(${groups_done} AS INTEGER) AND pieces_done = CAST(${pieces_done} AS INTEGER)
      THEN ${next.phase} END,
    done_key = ${next.done_key}, groups_done = ${next.groups_done}, pieces_done = ${next.pieces_done},
    files_done = files_done + ${next.files_done}, rows_done = rows_done + ${next.rows_done}`;
};
const enter = (phase: Phase): Partial<Place> => ({ phase, done_key: "", groups_done: 0 });

/** Whether a step failed only because another invocation did it. */
export const lostStep = (error: unknown): boolean =>
  isGuarded(error, "restores.phase") || isTaken(error, "restores.id");

/**
 * Restored events are found by the index of ids. The few events that have come since the loss are in pages: these are emptied, and made
 * again of the whole log when it is complete. Ids of events that have left the log are kept.
 */
const backToIndex: SQL[] = [
  sql`INSERT OR IGNORE INTO retired_events (project_id, event_id, standing)
    SELECT k.project_id, k.event_id, k.place % 4 FROM (
      SELECT p.project_id, x.key AS event_id, x.value AS place FROM log_id_pages p CROSS JOIN json_each(p.ids) x
      UNION ALL SELECT project_id, event_id, place FROM log_ids) k
    WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = k.place / 4)`,
  sql`DELETE FROM log_id_pages`,
  sql`DELETE FROM log_ids`,
  sql.raw(CREATE_ID_INDEX),
  sql`UPDATE log_state SET ids_cursor = 0, version = version + 1, indexed = 1`,
];

/** Makes room for the archive's numbers below those of new events, and stops the projections. */
async function begin(env: Env, db: Database, now: number): Promise<SQL[]> {
  const archived = await db.get(sql`SELECT 1 FROM projections WHERE name = 'archive' AND cursor > 0`);
  if (archived) throw new NotRestorable("This log goes on and has its archive: there is nothing to restore.");
  const last = await lastSeq(env.ARCHIVE);
  if (last === 0 || !(await env.ARCHIVE.head(SETTINGS))) throw new NotRestorable("The bucket holds no archive.");
  const base = last + LOST_SEQS;
  return [
    sql`INSERT INTO restores (id, phase, base, done_key, groups_done, files_done, rows_done, began_at)
      VALUES (1, 'settings', ${base}, '', 0, 0, 0, ${now})`,
    ...PROJECTIONS.flatMap((projection) => ("deliver" in projection ? [] : projection.clear())),
    sql`DELETE FROM projections`,
    ...backToIndex,
    sql`UPDATE events SET seq = seq + CAST(${base} AS INTEGER)`,
    sql`UPDATE conversion_changes SET seq = seq + CAST(${base} AS INTEGER)`,
    sql`UPDATE settled_postbacks SET seq = seq + CAST(${base} AS INTEGER)`,
    sql`UPDATE log_state SET taken_to = max(taken_to, CAST(${base} AS INTEGER))`,
    sql`DELETE FROM sqlite_sequence WHERE name = 'events'`,
    sql`INSERT INTO sqlite_sequence (name, seq) SELECT 'events', ifnull(max(seq), CAST(${base} AS INTEGER)) FROM events`,
  ];
}

/** The last number of the archive, by the names of all files, including those that no manifest lists. */
async function lastSeq(bucket: R2Bucket): Promise<number> {
  let last = 0;
  for (let cursor: string | undefined; ; ) {
    const page: R2Objects = await bucket.list({ prefix: EVENTS, ...(cursor && { cursor }) });
    for (const { key } of page.objects) last = Math.max(last, lastSeqOf(key));
    if (!page.truncated) return last;
    cursor = page.cursor;
  }
}

async function json<Body>(bucket: R2Bucket, key: string): Promise<Body> {
  const object = await bucket.get(key);
  if (object === null) throw new Error(`${key} is not in the bucket.`);
  return object.json<Body>();
}

type Step = (env: Env, db: Database, place: Place, now: number, most: number) => Promise<unknown>;

const settings: Step = async (env, db, place) => {
  const saved = await json<Record<string, Table>>(env.ARCHIVE, SETTINGS);
  const tables = await Promise.all(TABLE_NAMES.map((table) => putRows(table, saved[table] ?? [])));
  const all = tables.flat();
  const done = place.pieces_done + SETTINGS_A_STEP;
  await transact(db, [
    moveOn(place, done < all.length ? { pieces_done: done } : enter("audit")),
    // Erasures and administrative acts since the loss come after those of the archive.
    ...(place.pieces_done > 0
      ? []
      : [
          sql`UPDATE erasures SET n = n + CAST(${place.base} AS INTEGER)`,
          sql`UPDATE audit SET id = id + CAST(${place.base} AS INTEGER)`,
        ]),
    ...all.slice(place.pieces_done, done),
    // All events come back, including those of settled days: their figures are derived like all others.
    sql`UPDATE projects SET settled_before = '', player_days_before = NULL`,
  ]);
};
/** How many of its statements one step runs. */
const SETTINGS_A_STEP = 25;

/** The next objects of a phase. */
async function following(bucket: R2Bucket, prefix: string, { done_key }: Place): Promise<string[]> {
  const { objects } = await bucket.list({ prefix, limit: OBJECTS_A_STEP, ...(done_key && { startAfter: done_key }) });
  return objects.map(({ key }) => key);
}

/** The audit log, and the tables that are in pages, too: each object is rows by their table. */
const audit: Step = async (env, db, place) => {
  const keys = await following(env.ARCHIVE, STATE, place);
  const pages = await Promise.all(
    keys.filter((key) => key !== SETTINGS).map((key) => json<Record<string, Table>>(env.ARCHIVE, key)),
  );
  const entries = await Promise.all(pages.flatMap(Object.entries).map(([table, rows]) => putRows(table, rows)));
  const last = keys.at(-1);
  await transact(db, [...entries.flat(), moveOn(place, last === undefined ? enter("manifests") : { done_key: last })]);
};

const manifests: Step = async (env, db, place) => {
  const keys = await following(env.ARCHIVE, MANIFESTS, place);
  const read = await Promise.all(keys.map((key) => json<Manifest>(env.ARCHIVE, key)));
  const newer = read.find(({ schema_version }) => schema_version > SCHEMA_VERSION);
  if (newer) throw new Error(`The manifest of ${newer.day} is of a newer version than this.`);
  const last = keys.at(-1);
  await transact(db, [
    ...read.filter(({ files }) => files.length > 0).map(({ files }) => addFiles(files)),
    moveOn(place, last === undefined ? enter("events") : { done_key: last }),
  ]);
};

/** Small files together, or one row group of a large file. In memory are only one piece and the rows that it is cut from. */
const events: Step = async (env, db, place, _, most) => {
  const asked = { first: 0, end: LAST_HOUR, after: place.done_key, limit: FILES_A_STEP };
  const files = await liveFiles(db, asked);
  const [next] = files;
  if (!next) return transact(db, [moveOn(place, enter("check"))]);
  const { rows, moved } =
    next.rows > most
      ? await groupOf(env.ARCHIVE, next, place.groups_done)
      : await wholeOf(env.ARCHIVE, fitting(files, most));
  let last: string | null = null;
  let seen = 0;
  for await (const piece of pieces(rows)) {
    if (seen++ < place.pieces_done) continue;
    if (seen > place.pieces_done + PIECES_A_STEP) {
      const pieces_done = place.pieces_done + PIECES_A_STEP;
      return transact(db, [...(last === null ? [] : insertEvents(last, place.base)), moveOn(place, { pieces_done })]);
    }
    if (last !== null) await transact(db, insertEvents(last, place.base));
    last = piece;
  }
  await transact(db, [...(last === null ? [] : insertEvents(last, place.base)), moveOn(place, moved)]);
};
/** An hour in the year 9999, counted from 1970. */
const LAST_HOUR = 70_000_000;
const FILES_A_STEP = 12;
/** Counts the restored rows, and lets the projections continue. */
const check: Step = async (env, db, place, now) => {
  const found = await db.get<{ rows: number }>(sql`SELECT count(*) AS rows FROM events WHERE seq <= ${place.base}`);
  const { rows_total } = await progress(db);
  if (found?.rows !== rows_total) {
    await transact(db, [
      sql`UPDATE restores SET phase = 'events', done_key = '', groups_done = 0, pieces_done = 0, files_done = 0, rows_done = 0`,
    ]);
    throw new Error(`The log has ${found?.rows} events of the archive's ${rows_total}: all files are read again.`);
  }
  await transact(db, [
    moveOn(place, enter("done")),
    // Events that came in meanwhile were not compared with the archive's ids and transactions.
    sql`UPDATE events SET duplicate_of = ${duplicateOf(LOGGED)}, superseded_at = NULL WHERE seq > ${place.base}`,
    supersede(sql`SELECT project_id, event_id FROM events WHERE seq > ${place.base}`),
    ...RECORDS.map(
      ({ name }) => sql`INSERT INTO projections (name, cursor, updated_at) VALUES (${name}, ${place.base}, ${now})`,
    ),
    // The old epochs were lost with the rows. The present time is greater than any epoch that was reached by counting.
    ...RECEIVED.map(({ name }) => beginAgain(name, now)),
    // The archive has the flags that events came with.
    sql`UPDATE bot_reviews SET place = 0, changed = 0, moves = moves + 1, finished_at = NULL`,
    sql`UPDATE restores SET finished_at = ${now}`,
  ]);
  await clearReceivers(env, db, RECEIVED);
};

const STEPS: Record<Exclude<Phase, "done">, Step> = { settings, audit, manifests, events, check };
