/**
 * What the log knows of ids and transactions, in SQL: segments whose ids are not in pages yet, pages, and ids with a row in
 * the table.
 */
import type { StoredEvent } from "../event.ts";
import { bodyOf } from "../figures/segment.ts";
import { pageOf } from "../store/places.ts";
import { type Decision, idKey, type Known, placeOf, transactionKey } from "./claims.ts";

/**
 * So few ids are searched in the texts of pages; more are looked up among the elements of pages, each of which D1 counts as
 * a row read.
 */
const FEW = 8;

const GIVEN = `given AS MATERIALIZED (
  SELECT DISTINCT value ->> 0 AS project_id, value ->> 1 AS event_id, (value ->> 0) || ' ' || (value ->> 1) AS id FROM json_each(?1))`;

const PAGE = pageOf("g.project_id", "g.event_id");

const ALONE = "i.project_id = g.project_id AND i.event_id = g.event_id";
const WAITING = "s.seq > (SELECT ids_cursor FROM log_state)";

const PLACES = `${GIVEN}, touched AS MATERIALIZED (SELECT DISTINCT ${PAGE} AS page FROM given g), places (id, place) AS (
  SELECT x.key, s.seq * 4 + x.value FROM log_segments s CROSS JOIN json_each(s.ids) x
    WHERE ${WAITING} AND x.key IN (SELECT id FROM given)
  UNION ALL SELECT g.id, i.place FROM given g CROSS JOIN log_ids i ON ${ALONE}
  UNION ALL SELECT p.project_id || ' ' || x.key, x.value
    FROM touched t CROSS JOIN log_id_pages p ON p.page = t.page CROSS JOIN json_each(p.ids) x
    WHERE (p.project_id, x.key) IN (SELECT project_id, event_id FROM given))`;

/** ?2: project, type and transaction. */
const HELD = `json_each(?2) c CROSS JOIN log_transactions t
  ON t.project_id = c.value ->> 0 AND t.event_type = c.value ->> 1 AND t.transaction_id = c.value ->> 2`;

const SAME_PLACES = "(SELECT count(*) FROM places) = ?3";
const FEW_WAITING = `${GIVEN}, waiting AS MATERIALIZED (
  SELECT ifnull(group_concat(s.ids, ''), '') AS ids FROM log_segments s WHERE ${WAITING})`;
const NO_PLACES = `?3 = 0 AND NOT EXISTS (SELECT 1 FROM given g WHERE
  instr((SELECT ids FROM waiting), '"' || g.id || '":') > 0
  OR instr(ifnull((SELECT p.ids FROM log_id_pages p WHERE p.page = ${PAGE}), ''), '"' || g.event_id || '":') > 0
  OR EXISTS (SELECT 1 FROM log_ids i WHERE ${ALONE}))`;

/** After all earlier events, including those that have left the log. */
const NEXT_SEQ = `max(ifnull((SELECT seq + events FROM log_segments ORDER BY seq DESC LIMIT 1), 1),
  (SELECT max(cursor, ids_cursor) + 1 FROM log_state))`;

const insertionText = (few: boolean) => `WITH ${few ? FEW_WAITING : PLACES}
  INSERT INTO log_segments (seq, events, ids, superseded, body) SELECT ${NEXT_SEQ}, ?5, ?6, ?7, ?8
  WHERE ${few ? NO_PLACES : SAME_PLACES} AND (SELECT count(*) FROM ${HELD}) = ?4 
    AND (?9 OR changes() > 0) RETURNING seq, (SELECT cursor FROM log_state) AS taken`;
const [INSERTION, INSERTION_OF_FEW] = [insertionText(false), insertionText(true)];

/** Ids and transactions as parameters of the statements here: each once. */
export type Asked = { ids: string; transactions: string; few: boolean };

export function askedOf(events: readonly StoredEvent[]): Asked {
  // Neither has a character that JSON escapes.
  const ids = new Set(events.map(({ project_id, event_id }) => `["${project_id}","${event_id}"]`));
  const transactions = new Set(events.filter((event) => event.transaction_id !== null).map(transactionKey));
  return { ids: `[${[...ids]}]`, transactions: `[${[...transactions]}]`, few: ids.size <= FEW };
}

const countOf = (lists: Iterable<readonly unknown[]>): number => [...lists].reduce((sum, list) => sum + list.length, 0);

/** A segment that was written begins at `seq`; figures have the log up to `taken`. */
export type Written = { seq: number; taken: number };

/**
 * Writes a segment if the log knows as much of the ids and transactions as `known` has, and, unless it is the first of a
 * batch, the one before it was written.
 */
export function insertion(
  db: D1Database,
  asked: Asked,
  { rows, superseded }: Decision,
  known: Known,
  isFirst: boolean,
): D1PreparedStatement {
  const places = countOf(known.places.values());
  const ids = rows.map(({ event, standing }, offset) => `"${idKey(event)}":${placeOf(offset, standing)}`);
  return db
    .prepare(asked.few && places === 0 ? INSERTION_OF_FEW : INSERTION)
    .bind(
      asked.ids,
      asked.transactions,
      places,
      known.holders[0].size + known.holders[1].size,
      rows.length,
      `{${ids}}`,
      superseded.length > 0 ? JSON.stringify(superseded) : null,
      bodyOf(rows),
      isFirst ? 1 : 0,
    );
}

/** Comes after `insertion`: takes the transactions, if the segment was written. */
export function claiming(db: D1Database, { rows, claims }: Decision): D1PreparedStatement {
  const taken = claims.map((row) => {
    const { project_id, event_type, transaction_id, trusted, event_id } = row.event;
    return [project_id, event_type, transaction_id, trusted, event_id, rows.indexOf(row)];
  });
  return db
    .prepare(
      `INSERT INTO log_transactions (project_id, event_type, transaction_id, trusted, event_id, seq)
       SELECT c.value ->> 0, c.value ->> 1, c.value ->> 2, c.value ->> 3, c.value ->> 4, s.seq + (c.value ->> 5)
       FROM (SELECT seq FROM log_segments ORDER BY seq DESC LIMIT 1) s CROSS JOIN json_each(?1) c WHERE changes() > 0`,
    )
    .bind(JSON.stringify(taken));
}

type HolderRow = {
  project_id: string;
  event_type: string;
  transaction_id: string;
  trusted: 0 | 1;
  event_id: string;
  seq: number;
};

export async function lookUp(db: D1Database, asked: Asked): Promise<Known> {
  const [found, held] = await db.batch([
    db.prepare(`WITH ${PLACES} SELECT id, place FROM places`).bind(asked.ids),
    db.prepare(`SELECT t.* FROM ${HELD.replace("?2", "?1")}`).bind(asked.transactions),
  ]);
  const places = new Map<string, number[]>();
  for (const { id, place } of (found?.results ?? []) as { id: string; place: number }[])
    places.set(id, [...(places.get(id) ?? []), place]);
  const holders: [Map<string, HolderRow>, Map<string, HolderRow>] = [new Map(), new Map()];
  for (const row of (held?.results ?? []) as HolderRow[]) holders[row.trusted].set(transactionKey(row), row);
  return { places, holders };
}
