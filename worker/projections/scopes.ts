/**
 * The filters that a project's figures are counted under. A filter is made when somebody asks for it, filled with the past
 * some people at a time, and removed when nobody has asked for it for long.
 */

import { type SQL, sql } from "drizzle-orm";
import { fillSlice, SLICE, SLICE_CALLS, type SliceSize, type Unfilled } from "../figures/filling.ts";
import { LAYOUT } from "../figures/run.ts";
import { filterText, parted, type SavedFilter, scopeFilterOf } from "../figures/scope-filter.ts";
import { namesUnder } from "../figures/scopes.ts";
import { log } from "../log.ts";
import { budgetOf } from "../store/budget.ts";
import { type Database, prepared, transact } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { DAY_MS } from "../time.ts";
import { beginEpoch, failIfMoved, figuresAt } from "./figures-fence.ts";
import { lostRace } from "./runner.ts";

/**
 * Filters of a project, without those for keys and share links that are limited to tags. Each is a row or two more in each
 * run in which an event fits it.
 */
export const MOST_SCOPES = 50;
/** Sets of several tags that keys and share links are limited to: an event fits few of them. */
const MOST_OF_TAGS = 500;
/** The most filters of one key that can only read: a further one replaces one of the same key. */
export const MOST_OF_A_READER = 20;
/** Filters that are not saved are removed if nobody has asked for them for this long. */
const UNUSED_MS = 30 * DAY_MS;
/** Rows of days that one statement removes. */
const ROWS_AT_ONCE = 1_000;

/** `place` is null where all people are counted. */
export type ScopeRow = {
  number: number;
  filter: string;
  asked_at: number;
  /** The key that made it, where that only reads. */
  asked_by: string | null;
  place: string | null;
  counted: number;
  people: number;
};

export const scopesOf = (db: Database, project_id: string): Promise<ScopeRow[]> =>
  db.all<ScopeRow>(sql`SELECT number, filter, asked_at, asked_by, place, counted, people FROM scopes
    WHERE project_id = ${project_id} AND filter IS NOT NULL ORDER BY number`);

const findScope = (db: Database, project_id: string, filter: string): Promise<ScopeRow | undefined> =>
  db.get<ScopeRow | undefined>(sql`SELECT number, filter, asked_at, asked_by, place, counted, people FROM scopes
    WHERE project_id = ${project_id} AND filter = ${filter} ORDER BY number LIMIT 1`);

/** How many rows there are to count; an index has at most one entry for each. */
const ROWS_OF_PEOPLE = (project_id: string) => sql`(SELECT count(*) FROM people WHERE project_id = ${project_id})
  + (SELECT count(*) FROM visitor_pages WHERE project_id = ${project_id})`;

/** Filters as `filterText` writes them: those of keys and share links that are limited to several tags, and those of segments. */
type Saved = { tags: Set<string>; segments: Set<string> };

async function savedFilters(db: Database, project_id: string, now: number): Promise<Saved> {
  const [segments, tags] = await Promise.all([
    db.values<[string]>(sql`SELECT filter FROM segments WHERE project_id = ${project_id}`),
    db.values<[string]>(sql`SELECT banner_tags FROM keys WHERE project_id = ${project_id}
        AND revoked_at IS NULL AND ifnull(expires_at > ${now}, 1) AND json_array_length(banner_tags) > 1
      UNION SELECT banner_tags FROM shares WHERE project_id = ${project_id}
        AND revoked_at IS NULL AND expires_at > ${now} AND json_array_length(banner_tags) > 1`),
  ]);
  const segmentText = (filter: string) => filterText(parted(scopeFilterOf(JSON.parse(filter) as SavedFilter)).filter);
  return {
    segments: new Set(segments.map(([filter]) => segmentText(filter))),
    tags: new Set(tags.map(([list]) => filterText({ banner_tag: JSON.parse(list) as string[] }))),
  };
}

type Wish = { project_id: string; filter: string; now: number; reader: string | null };

/**
 * Makes the filter if the number of filters allows it. Filters of keys and links are limited separately, and belong to no
 * reader.
 */
function make({ project_id, filter, now, reader }: Wish, { tags }: Saved): SQL {
  const isOfTags = tags.has(filter);
  const likes = sql`FROM scopes WHERE project_id = ${project_id} AND filter IS NOT NULL
    AND (filter ${among(tags)}) = ${Number(isOfTags)}`;
  const asker = isOfTags ? null : reader;
  return sql`INSERT INTO scopes (project_id, filter, asked_at, asked_by, place, counted, people)
    SELECT ${project_id}, ${filter}, ${now}, ${asker}, '', 0, ${ROWS_OF_PEOPLE(project_id)}
    WHERE NOT EXISTS (SELECT 1 FROM scopes WHERE project_id = ${project_id} AND filter = ${filter})
      AND (SELECT count(*) ${likes}) < ${isOfTags ? MOST_OF_TAGS : MOST_SCOPES}
      AND (SELECT count(*) ${likes} AND asked_by = ${asker}) < ${MOST_OF_A_READER}`;
}

/**
 * The filter that is replaced: of the filters that are not saved, the one that was asked for least recently; of the
 * reader's own if these are too many.
 */
async function pushedOut(
  db: Database,
  { project_id, filter, reader }: Wish,
  { tags, segments }: Saved,
): Promise<ScopeRow | undefined> {
  if (tags.has(filter)) return undefined;
  const all = (await scopesOf(db, project_id)).filter((row) => !tags.has(row.filter));
  const readersScopes = all.filter(({ asked_by }) => reader !== null && asked_by === reader);
  const among = readersScopes.length >= MOST_OF_A_READER ? readersScopes : all;
  return among.filter((row) => !segments.has(row.filter)).sort((one, other) => one.asked_at - other.asked_at)[0];
}

/**
 * Finds or makes the filter for a query; `reader` is the key, if that can only read. Null where the project or the key has
 * too many saved filters.
 */
export async function askScope(
  db: Database,
  project_id: string,
  filter: string,
  now: number,
  reader: string | null,
): Promise<ScopeRow | null> {
  const wish = { project_id, filter, now, reader };
  for (;;) {
    const known = await findScope(db, project_id, filter);
    if (known) {
      if (now - known.asked_at >= DAY_MS)
        await db.run(sql`UPDATE scopes SET asked_at = ${now} WHERE number = ${known.number} AND asked_at < ${now}`);
      return known;
    }
    const saved = await savedFilters(db, project_id, now);
    await db.run(make(wish, saved));
    const made = await findScope(db, project_id, filter);
    if (made) return made;
    const longest = await pushedOut(db, wish, saved);
    if (!longest) return null;
    await drop(db, longest.number);
  }
}

/** Its rows of days are removed later, some at a time; no run counts under it any more. */
const drop = (db: Database, number: number): Promise<unknown> =>
  transact(db, [sql`UPDATE scopes SET filter = NULL WHERE number = ${number}`, beginEpoch()]);

/** The filters of a project whose counting has come least far; null where all are complete. */
async function furthestBehind(db: Database, project_id: string | null): Promise<Unfilled | null> {
  const ofProject = project_id === null ? sql`` : sql`AND project_id = ${project_id}`;
  const rows = await db.all<{ project_id: string; place: string; number: number; filter: string }>(sql`
    WITH least AS (SELECT project_id, place FROM scopes WHERE filter IS NOT NULL AND place IS NOT NULL ${ofProject}
      ORDER BY project_id, place LIMIT 1)
    SELECT s.project_id, s.place, s.number, s.filter FROM least l
    JOIN scopes s ON s.project_id = l.project_id AND s.place = l.place AND s.filter IS NOT NULL ORDER BY s.number`);
  const [first] = rows;
  if (!first) return null;
  return {
    project_id: first.project_id,
    place: first.place,
    filters: rows.map(({ number, filter }) => ({ number, filter: JSON.parse(filter) })),
  };
}

/**
 * Counts the past of some more people, of one project or of any. Returns whether there may be more to do; null while
 * nothing may change. @throws where a run has counted meanwhile.
 */
export async function fillSome(
  db: Database,
  project_id: string | null,
  size: SliceSize = SLICE,
  leastAdded = LAYOUT.leastAdded,
): Promise<boolean | null> {
  const at = await figuresAt(db);
  if (!at) return null;
  const unfilled = await furthestBehind(db, project_id);
  if (!unfilled) return false;
  const { writes, next, counted } = await fillSlice(db.$client, unfilled, at.cursor, leastAdded, size);
  const numbers = unfilled.filters.map(({ number }) => number);
  await db.$client.batch([
    prepared(db, failIfMoved(at)),
    prepared(
      db,
      sql`UPDATE scopes SET place = ${next}, counted = counted + ${counted}
        WHERE number ${among(numbers)}`,
    ),
    ...writes,
  ]);
  return true;
}

/** Removes some rows of a filter that was removed, and at the end the filter. */
async function emptySome(db: Database): Promise<void> {
  const dropped = await db.get<{ number: number; project_id: string } | undefined>(
    sql`SELECT number, project_id FROM scopes WHERE filter IS NULL LIMIT 1`,
  );
  if (!dropped) return;
  const { from, before } = namesUnder(dropped.number);
  const rows = sql`SELECT day FROM days WHERE project_id = ${dropped.project_id} AND scope >= ${from} AND scope < ${before}`;
  await transact(db, [
    sql`DELETE FROM days WHERE day IN (${rows} LIMIT ${ROWS_AT_ONCE})`,
    sql`DELETE FROM scopes WHERE number = ${dropped.number} AND NOT EXISTS (${rows})`,
  ]);
}

/** Drops a filter that nobody has asked for in a long time. Saved ones count as asked for. */
async function dropUnused(db: Database, now: number): Promise<void> {
  const unused = await db.get<{ number: number; project_id: string; filter: string } | undefined>(sql`
    SELECT number, project_id, filter FROM scopes WHERE filter IS NOT NULL AND asked_at < ${now - UNUSED_MS} LIMIT 1`);
  if (!unused) return;
  const saved = await savedFilters(db, unused.project_id, now);
  if (!saved.tags.has(unused.filter) && !saved.segments.has(unused.filter)) await drop(db, unused.number);
  else await db.run(sql`UPDATE scopes SET asked_at = ${now} WHERE number = ${unused.number}`);
}

type Due = { unfilled: 0 | 1; unused: 0 | 1; dropped: 0 | 1 };
const dueAt = (db: Database, now: number): Promise<Due> =>
  db.get<Due>(sql`SELECT
    EXISTS (SELECT 1 FROM scopes WHERE place IS NOT NULL AND filter IS NOT NULL) AS unfilled,
    EXISTS (SELECT 1 FROM scopes WHERE filter IS NOT NULL AND asked_at < ${now - UNUSED_MS}) AS unused,
    EXISTS (SELECT 1 FROM scopes WHERE filter IS NULL) AS dropped`);

/** The most calls of dropping, including the query whether there is something to do. */
const DROP_CALLS = 9;

/** Does the due work on filters within the budget of the invocation. Returns whether all of it was done. */
export async function keepScopes(env: Env, db: Database, now: number): Promise<boolean> {
  const budget = budgetOf(env);
  for (;;) {
    if (!budget.has(DROP_CALLS)) return false;
    const { unfilled, unused, dropped } = await dueAt(db, now);
    if (unfilled) {
      if (!budget.has(SLICE_CALLS)) return false;
      // While people are renamed or the log is restored nothing may change; cron tries again.
      if ((await fillMore(db)) === null) return true;
    } else if (unused) await dropUnused(db, now);
    else if (dropped) await emptySome(db);
    else return true;
  }
}

async function fillMore(db: Database): Promise<boolean | null> {
  const began = Date.now();
  try {
    const more = await fillSome(db, null);
    log("info", "filters filled", { ms: Date.now() - began });
    return more;
  } catch (error) {
    if (lostRace(error)) return true;
    throw error;
  }
}
