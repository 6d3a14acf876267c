/** Reads people from the database, of several projects at once. */
import type { People } from "./people.ts";
import { type PersonEvent, readEvents } from "./person-event.ts";
import { isVisitor } from "./person-row.ts";
import { rowsOf } from "./statements.ts";

export type Asked = { project_id: string; people: People; person: string };

const SAME = "p.project_id = j.value ->> 0 AND p.person = j.value ->> 1";
const ROWS = `SELECT j.key AS asked, p.now FROM json_each(?1) j CROSS JOIN people p ON ${SAME}`;
const PAGES = `WITH missing AS MATERIALIZED (
    SELECT j.key AS asked, (SELECT v.page FROM visitor_pages v
      WHERE v.project_id = j.value ->> 0 AND v.first <= j.value ->> 1 ORDER BY v.first DESC LIMIT 1) AS page
    FROM json_each(?1) j WHERE NOT EXISTS (SELECT 1 FROM people p WHERE ${SAME}))
  SELECT asked, page, NULL AS first, NULL AS body FROM missing
  UNION ALL SELECT NULL, v.page, v.first, v.body
  FROM (SELECT DISTINCT page FROM missing) m CROSS JOIN visitor_pages v ON v.page = m.page`;

type ChunkRow = { asked: number; head: string; recent: string };
type PageRow =
  | { asked: number; page: number | null; first: null }
  | { asked: null; page: number; first: string; body: string };

const namesOf = (asked: readonly Asked[]): string =>
  JSON.stringify(asked.map(({ project_id, person }) => [project_id, person]));

/** Statements that read people, and what takes their results. Visitors are looked for in pages, too. */
export function peopleReads(db: D1Database, asked: readonly Asked[]) {
  const visitors = asked.filter(({ person }) => isVisitor(person));
  const statements = [db.prepare(ROWS).bind(namesOf(asked)), db.prepare(PAGES).bind(namesOf(visitors))];
  const take = ([rows, pages]: D1Result[]) => {
    for (const { asked: index, now } of rowsOf<{ asked: number; now: string }>(rows)) {
      const one = asked[index];
      one?.people.put(one.person, { now, head: "", recent: "" }, null);
    }
    const firsts = new Map<number, { first: string; body: string }>();
    const found = rowsOf<PageRow>(pages);
    for (const row of found) if (row.first !== null) firsts.set(row.page, row);
    for (const { asked: index, page } of found) {
      const one = index === null ? undefined : visitors[index];
      if (!one) continue;
      const known = page === null ? undefined : firsts.get(page);
      if (known && !one.people.pages.has(known.first)) one.people.putPage(known.first, known.body);
      one.people.look(one.person, known?.first ?? null);
    }
  };
  return { statements, take };
}

/** `from` is the moment from which a history is needed; `closed_at` the time up to which it is in closed chunks. */
export type HistoryAsked = Asked & { from: number; closed_at: number };

/** A person's events from the beginning of a chunk on, the state before them, and the closed chunks they are from. */
export type History = { head: string; events: PersonEvent[]; closed: number[] };

const OPEN = `SELECT j.key AS asked, p.head, p.recent FROM json_each(?1) j CROSS JOIN people p ON ${SAME}`;
const CLOSED = `SELECT j.value ->> 3 AS asked, p.until, p.head, p.recent FROM json_each(?1) j
  CROSS JOIN people_past p ON ${SAME} AND p.until >= j.value ->> 2 ORDER BY asked, p.until`;

/** Histories from the chunk on that a moment falls into; one call. */
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
    const row = rows.get(index) ?? one.people.own(one.person)?.row;
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
