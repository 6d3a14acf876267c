/** Reads people from the database, of several projects at once. */
import { DAY_MS } from "../time.ts";
import type { People } from "./people.ts";
import { type PersonEvent, readEvents } from "./person-event.ts";
import { isVisitor } from "./person-row.ts";
import type { StoredChunk } from "./settled.ts";
import { rowsOf } from "./statements.ts";

export type Asked = { project_id: string; people: People; person: string };

const SAME = "p.project_id = j.value ->> 0 AND p.person = j.value ->> 1";
/**
 * Reads the rows that people have in the table, and the pages for visitors who have none. A row that an erasure moved out of
 * a page may lack the state, which is then computed from the events.
 */
const PEOPLE = `WITH found AS MATERIALIZED (
    SELECT j.key AS asked, j.value ->> 0 AS project_id, j.value ->> 1 AS person, p.id, p.now,
      CASE WHEN p.now LIKE '~%' THEN p.recent ELSE '' END AS recent
    FROM json_each(?1) j LEFT JOIN people p ON ${SAME})
  SELECT asked, id, now, recent, NULL AS project_id, NULL AS first, NULL AS body FROM found WHERE id IS NOT NULL
  UNION ALL SELECT NULL, NULL, NULL, NULL, v.project_id, v.first, v.body FROM (
    SELECT DISTINCT (SELECT c.page FROM visitor_pages c
      WHERE c.project_id = f.project_id AND c.first <= f.person ORDER BY c.first DESC LIMIT 1) AS page
    FROM found f WHERE f.id IS NULL AND f.person >= char(31) AND f.person < char(32)) m
  CROSS JOIN visitor_pages v ON v.page = m.page`;

type ChunkRow = { asked: number; head: string; recent: string };
type OwnRow = { asked: number; id: number; now: string; recent: string };
type PageRow = { asked: null; project_id: string; first: string; body: string };

const namesOf = (asked: readonly Asked[]): string =>
  JSON.stringify(asked.map(({ project_id, person }) => [project_id, person]));

/** A statement that reads people, and the function that takes its result. Visitors are also looked for in pages. */
export function peopleRead(db: D1Database, asked: readonly Asked[]) {
  const statement = db.prepare(PEOPLE).bind(namesOf(asked));
  const take = (result: D1Result | undefined) => {
    const pages: PageRow[] = [];
    for (const row of rowsOf<OwnRow | PageRow>(result)) {
      if (row.asked === null) pages.push(row);
      else asked[row.asked]?.people.putOwn(asked[row.asked]?.person ?? "", row);
    }
    const byProject = Map.groupBy(pages, ({ project_id }) => project_id);
    for (const { people, project_id } of new Map(asked.map((one) => [one.project_id, one])).values())
      people.putPages(byProject.get(project_id) ?? []);
    for (const { people, person } of asked) if (isVisitor(person)) people.place(person);
  };
  return { statement, take };
}

/** `from` is the time from which a history is needed; `closed_at` the time up to which it is in closed chunks. */
export type HistoryAsked = Asked & { from: number; closed_at: number };

/** A person's events from the beginning of a chunk on, the state before them, and the closed chunks that have them. */
export type History = { head: string; events: PersonEvent[]; closed: number[] };

const OPEN = `SELECT j.key AS asked, p.head, p.recent FROM json_each(?1) j CROSS JOIN people p ON ${SAME}`;
const CLOSED = `SELECT j.value ->> 3 AS asked, p.until, p.head, p.recent FROM json_each(?1) j
  CROSS JOIN people_past p ON ${SAME} AND p.until >= j.value ->> 2 ORDER BY asked, p.until`;

/** Histories, each from the chunk on that contains `from`. One call. */
export async function readHistories(
  db: D1Database,
  asked: readonly HistoryAsked[],
): Promise<Map<HistoryAsked, History>> {
  const histories = new Map<HistoryAsked, History>();
  if (asked.length === 0) return histories;
  const deep = asked.flatMap(({ project_id, person, from, closed_at }, index) =>
    from <= closed_at ? [[project_id, person, from, index]] : [],
  );
  const [open, closed] = await db.batch([
    db.prepare(OPEN).bind(namesOf(asked)),
    db.prepare(CLOSED).bind(JSON.stringify(deep)),
  ]);
  const chunks = new Map<number, (ChunkRow & { until: number })[]>();
  for (const row of rowsOf<ChunkRow & { until: number }>(closed))
    chunks.set(row.asked, [...(chunks.get(row.asked) ?? []), row]);
  const rows = new Map(rowsOf<ChunkRow>(open).map((row) => [row.asked, row]));
  for (const [index, one] of asked.entries()) {
    const row = rows.get(index) ?? one.people.withEvents(one.person)?.row;
    if (!row) continue;
    const before = chunks.get(index) ?? [];
    histories.set(one, {
      head: before[0]?.head ?? row.head,
      events: [...before.map(({ recent }) => recent), row.recent].flatMap(readEvents),
      closed: before.map(({ until }) => until),
    });
  }
  return histories;
}

/** Closed chunks up to a time, and the next one. */
const UP_TO = `SELECT j.key AS asked, p.until, p.head, p.recent FROM json_each(?1) j CROSS JOIN people_past p ON ${SAME}
  AND p.until <= ifnull((SELECT min(n.until) FROM people_past n
    WHERE n.project_id = p.project_id AND n.person = p.person AND n.until > j.value ->> 2), j.value ->> 2)
  ORDER BY asked, p.until`;

/** The most that a day in any time zone begins after the same day in UTC. */
const LATEST_MS = 12 * 3_600_000;

/** `before` is a day, in days since 1970. */
export type ChunksAsked = Asked & { before: number };

/** The chunks of people, in order, that may have events of earlier days. One call. */
export async function readChunks<One extends ChunksAsked>(
  db: D1Database,
  asked: readonly One[],
): Promise<Map<One, StoredChunk[]>> {
  const moments = asked.map(({ project_id, person, before }) => [project_id, person, before * DAY_MS + LATEST_MS]);
  const [open, closed] = await db.batch([
    db.prepare(OPEN).bind(namesOf(asked)),
    db.prepare(UP_TO).bind(JSON.stringify(moments)),
  ]);
  const chunks = new Map<One, StoredChunk[]>(asked.map((one) => [one, []]));
  for (const { asked: index, ...chunk } of rowsOf<ChunkRow & { until: number }>(closed))
    chunks.get(asked[index] as One)?.push(chunk);
  const rows = new Map(rowsOf<ChunkRow>(open).map((row) => [row.asked, row]));
  for (const [index, one] of asked.entries()) {
    const row = rows.get(index) ?? one.people.withEvents(one.person)?.row;
    if (row) chunks.get(one)?.push({ until: null, head: row.head, recent: row.recent });
  }
  return chunks;
}
