/**
 * Counts the past under new filters: some people at a time, in the order of their names, each with the whole history. It reads
 * people and writes rows of days. Once a person was counted here, later runs count the person's new events under the filter.
 * The order of names is the same for rows in the table and for people in pages: a page begins after all names of the page
 * before it.
 */
import { Changes } from "./changes.ts";
import { dayChanges } from "./day-rows.ts";
import { readDays } from "./days-reader.ts";
import { fold } from "./fold.ts";
import { readEvents } from "./person-event.ts";
import { linkOf, type PersonRow, stateOf } from "./person-row.ts";
import type { ScopeFilter } from "./scope-filter.ts";
import { scopeOf } from "./scopes.ts";
import { readState } from "./state-text.ts";
import { rowsOf } from "./statements.ts";
import { compareText } from "./text-order.ts";
import { readPage } from "./visitor-pages.ts";
import { Words } from "./words.ts";
import { dayWrites } from "./writes.ts";

/** Filters of a project whose counting has come to the same place: the people before it are done. */
export type Unfilled = { project_id: string; place: string; filters: { number: number; filter: ScopeFilter }[] };

/** The most rows of people, chunks of their past, and pages of visitors (some dozens each) of a slice. */
export type SliceSize = { rows: number; pages: number; chunks: number };
export const SLICE: SliceSize = { rows: 2_000, pages: 200, chunks: 500 };

/** The rows that a slice adds, for one transaction that also moves the place; `next` is null at the end. */
export type Slice = { writes: D1PreparedStatement[]; next: string | null; counted: number };

/** The most calls and statements of a slice; a person with more chunks than `chunks` takes another one for each further `chunks`. */
export const SLICE_CALLS = 40;

const WORDS = "SELECT names FROM words WHERE project_id = ?1 ORDER BY first";
/** The end of the pages that a slice reads. */
const PAGES_END =
  "SELECT first FROM visitor_pages WHERE project_id = ?1 AND first > ?2 ORDER BY first LIMIT 1 OFFSET ?3";
const PAGES = `SELECT first, body FROM visitor_pages WHERE project_id = ?1 AND first >= ifnull(
    (SELECT max(first) FROM visitor_pages WHERE project_id = ?1 AND first <= ?2), '')
  ORDER BY first LIMIT ?3 + 1`;
/** Rows up to the end of the pages; the next slice reads the rows after it. */
const ROWS = `SELECT person, now, head, recent FROM people WHERE project_id = ?1 AND person >= ?2
  AND (NOT EXISTS (${PAGES_END}) OR person < (${PAGES_END})) ORDER BY person LIMIT ?4`;
const CHUNKS = `SELECT person, until, head, recent FROM people_past
  WHERE project_id = ?1 AND (person, until) > (?2, ?3) AND (?4 IS NULL OR person < ?4) ORDER BY person, until LIMIT ?5`;

type Chunk = { person: string; until: number; head: string; recent: string };
type Found = Map<string, PersonRow>;

/** The earlier of two ends; null is no end. */
const nearer = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && compareText(other, one) < 0) ? other : one;

export async function fillSlice(
  db: D1Database,
  { project_id, place, filters }: Unfilled,
  seq: number,
  leastAdded: number,
  size: SliceSize = SLICE,
): Promise<Slice> {
  const [names, pagesEnd, pages, rows] = await db.batch([
    db.prepare(WORDS).bind(project_id),
    db.prepare(PAGES_END).bind(project_id, place, size.pages),
    db.prepare(PAGES).bind(project_id, place, size.pages),
    db.prepare(ROWS).bind(project_id, place, size.pages, size.rows),
  ]);
  const words = new Words(rowsOf<{ names: string }>(names).flatMap((row) => JSON.parse(row.names) as string[]));
  const personRows = rowsOf<PersonRow & { person: string }>(rows);
  const lastRow = personRows.length === size.rows ? (personRows.at(-1)?.person ?? null) : null;
  const end = nearer(rowsOf<{ first: string }>(pagesEnd)[0]?.first ?? null, lastRow);
  const past = await readPast(db, project_id, place, end, size.chunks);
  const next = past.end;
  const isIn = (person: string) => compareText(person, place) >= 0 && (next === null || compareText(person, next) < 0);
  const found: Found = new Map();
  const bodies = rowsOf<{ first: string; body: string }>(pages);
  for (const { body } of bodies) for (const [person, row] of readPage(body)) if (isIn(person)) found.set(person, row);
  for (const { person, ...row } of personRows) if (isIn(person)) found.set(person, row);

  const changes = new Changes();
  const scopes = filters.map(({ number, filter }) => scopeOf(number, filter, words));
  for (const [person, row] of found) {
    if (linkOf(row.now) !== null) continue;
    const chunks = past.chunks.get(person) ?? [];
    // With the attribution window that the person was counted with, which may be older than the project's.
    const { attribution_days } = stateOf(row, { words });
    const state = readState(chunks[0]?.head ?? row.head);
    for (const { recent } of [...chunks, row])
      fold(state, readEvents(recent), { words, attribution_days, scopes }, changes);
  }
  const run = { project_id, rules: { words } };
  const days = await readDays(
    db,
    dayChanges(changes, words).map((change) => ({ run, change })),
    leastAdded,
  );
  const pagesPassed = bodies.filter(({ first }) => isIn(first)).length;
  const rowsPassed = personRows.filter(({ person }) => isIn(person)).length;
  return { writes: dayWrites(db, days, seq), next, counted: pagesPassed + rowsPassed };
}

/** Closed chunks of people from a place on. Where there are more than fit, `end` is earlier; one person is always read whole. */
async function readPast(
  db: D1Database,
  project_id: string,
  place: string,
  end: string | null,
  most: number,
): Promise<{ chunks: Map<string, Chunk[]>; end: string | null }> {
  const chunks = new Map<string, Chunk[]>();
  let [from, after]: [string, number] = [place, -1];
  for (;;) {
    const { results } = await db.prepare(CHUNKS).bind(project_id, from, after, end, most).all<Chunk>();
    for (const chunk of results) chunks.set(chunk.person, [...(chunks.get(chunk.person) ?? []), chunk]);
    const last = results.at(-1);
    if (last === undefined || results.length < most) return { chunks, end };
    if (chunks.size > 1) return { chunks, end: last.person };
    [from, after] = [last.person, last.until];
  }
}
