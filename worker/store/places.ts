/**
 * Finds events by their ids, in SQL. A place is `seq * 4 + standing`. Places are in pages of ids, in `log_ids`, or, of events that are in
 * neither yet, in the log itself, where an index finds them as long as it exists. Places also remain of events that have left the
 * log.
 */
import { type SQL, sql } from "drizzle-orm";

/** The index of ids: only a log whose ids are not in pages yet has it. */
export const CREATE_ID_INDEX =
  "CREATE UNIQUE INDEX IF NOT EXISTS events_by_id ON events (project_id, event_id, standing)";
export const DROP_ID_INDEX = "DROP INDEX IF EXISTS events_by_id";

/** The last event whose id is in pages or in `log_ids`. */
export const IDS_CURSOR = sql`(SELECT ids_cursor FROM log_state)`;

/** The page that an id would be in; null where it is before the first. */
export const pageOf = (project_id: string, event_id: string): string =>
  `(SELECT c.page FROM log_id_pages c WHERE c.project_id = ${project_id} AND c.first <= ${event_id} ORDER BY c.first DESC LIMIT 1)`;

/** An id has at most four places, one for each standing, and they follow each other. A place has at most 16 digits. */
const MOST_PLACES = 4;
const PLACE_CHARACTERS = 18;

/** A JSON array of the places that the text of a page has of an id, without reading the page as JSON; null where it has none. */
function placesIn(ids: string, event_id: string): string {
  const key = `'"' || ${event_id} || '":'`;
  const following = `replace(substr(${ids}, instr(${ids}, ${key}), ${MOST_PLACES} * (length(${key}) + ${PLACE_CHARACTERS})), ${key}, '')`;
  return `CASE WHEN instr(${ids}, ${key}) > 0
    THEN '[' || rtrim(substr(${following}, 1, instr(${following} || '"', '"') - 1), ',}') || ']' END`;
}
const FILED = sql.raw(`log_id_pages p ON p.page = ${pageOf("g.project_id", "g.event_id")} AND p.last >= g.event_id
      CROSS JOIN json_each(${placesIn("p.ids", "g.event_id")}) x`);

/**
 * The places of many ids, for a WITH: `given` is a name there of rows with `project_id` and `event_id`; the result has these and
 * `place`. The orders of the joins are fixed, because SQLite does not know which of the tables are short.
 */
export const places = (name: string, given: string): SQL => {
  const g = sql.raw(given);
  return sql`${sql.raw(name)} (project_id, event_id, place) AS MATERIALIZED (
    SELECT e.project_id, e.event_id, e.seq * 4 + e.standing FROM log_state s CROSS JOIN ${g} g
      CROSS JOIN events e ON e.project_id = g.project_id AND e.event_id = g.event_id
      WHERE s.indexed = 1 AND e.seq > s.ids_cursor
    UNION ALL SELECT e.project_id, e.event_id, e.seq * 4 + e.standing FROM log_state s
      CROSS JOIN events e NOT INDEXED ON e.seq > s.ids_cursor
      WHERE s.indexed = 0 AND (e.project_id, e.event_id) IN (SELECT project_id, event_id FROM ${g})
    UNION ALL SELECT g.project_id, g.event_id, i.place FROM ${g} g
      CROSS JOIN log_ids i ON i.project_id = g.project_id AND i.event_id = g.event_id
    UNION ALL SELECT g.project_id, g.event_id, x.value FROM ${g} g CROSS JOIN ${FILED})`;
};

/** The places of one id, as a SELECT of the column `place`. */
export const placesOf = (project_id: SQL, event_id: SQL): SQL => {
  const g = sql`(SELECT ${project_id} AS project_id, ${event_id} AS event_id) g`;
  return sql`SELECT e.seq * 4 + e.standing AS place FROM log_state s CROSS JOIN events e
      ON e.project_id = ${project_id} AND e.event_id = ${event_id}
      WHERE s.indexed = 1 AND e.seq > s.ids_cursor
    UNION ALL SELECT e.seq * 4 + e.standing FROM log_state s CROSS JOIN events e NOT INDEXED
      ON e.seq > s.ids_cursor AND e.event_id = ${event_id} AND e.project_id = ${project_id}
      WHERE s.indexed = 0
    UNION ALL SELECT i.place FROM log_ids i WHERE i.project_id = ${project_id} AND i.event_id = ${event_id}
    UNION ALL SELECT x.value FROM ${g} CROSS JOIN ${FILED}`;
};

/** The place of the event with an id and a standing, also of one that has left the log; null where there was none. */
export const placeOf = (project_id: SQL, event_id: SQL, standing: number): SQL =>
  sql`(SELECT place FROM (${placesOf(project_id, event_id)}) WHERE place % 4 = ${sql.raw(String(standing))})`;

/** The numbers in the log of all events with an id: a SELECT for IN. Some may have left the log. */
export const seqsOf = (project_id: SQL, event_id: SQL): SQL =>
  sql`SELECT place / 4 FROM (${placesOf(project_id, event_id)})`;

/** An event whose id or standing changes; `from` was its id, and `place` its place. */
export type Moved = { from: string; to: string; place: number };

/**
 * Takes ids out of their pages and stores them again, with the id and standing that their events have now in the log. It comes after
 * these changes, in the same transaction. It has no effect on events whose ids are not in pages yet.
 */
export function moved(project_id: string, all: readonly Moved[]): SQL[] {
  if (all.length === 0) return [];
  const given = JSON.stringify(all.map(({ from, to, place }) => [from, to, place]));
  const seqs = sql`SELECT (value ->> 2) / 4 FROM json_each(${given})`;
  const touched = sql`page IN (SELECT ${sql.raw(pageOf("d.project_id", "(g.value ->> 0)"))}
    FROM json_each(${given}) g CROSS JOIN (SELECT ${project_id} AS project_id) d)`;
  return [
    // What others have read of the pages is out of date.
    sql`UPDATE log_state SET version = version + 1`,
    sql`DELETE FROM log_id_pages WHERE ${touched}
      AND NOT EXISTS (SELECT 1 FROM json_each(log_id_pages.ids) x WHERE x.value / 4 NOT IN (${seqs}))`,
    sql`UPDATE log_id_pages SET (first, last, ids) = (
        SELECT min(x.key), max(x.key), '{' || group_concat('"' || x.key || '":' || x.value, ',') || '}'
        FROM json_each(log_id_pages.ids) x WHERE x.value / 4 NOT IN (${seqs}))
      WHERE ${touched} AND EXISTS (SELECT 1 FROM json_each(log_id_pages.ids) x WHERE x.value / 4 IN (${seqs}))`,
    sql`DELETE FROM log_ids WHERE (project_id, event_id) IN (
      SELECT ${project_id}, value ->> 0 FROM json_each(${given})) AND place / 4 IN (${seqs})`,
    sql`INSERT OR IGNORE INTO log_ids (project_id, event_id, place)
      SELECT ${project_id}, g.value ->> 1, ifnull(e.seq * 4 + e.standing, g.value ->> 2)
      FROM json_each(${given}) g LEFT JOIN events e ON e.seq = (g.value ->> 2) / 4
      WHERE (g.value ->> 2) / 4 <= ${IDS_CURSOR}`,
  ];
}
