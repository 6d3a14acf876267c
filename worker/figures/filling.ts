/**
 * Counts the past under filters that are new: some people at a time, in the order of their names, each with the whole history
 * that there is. It reads people and writes rows of days. Each later run counts a person who has been passed under them.
 * A name keeps its place wherever the row of a person lies, in the table or in a page; each page begins behind all names of the one before it.
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

/** Filters of a project that have come to the same place: those before it have been passed. */
export type Unfilled = { project_id: string; place: string; filters: { number: number; filter: ScopeFilter }[] };

/** At most so many rows of people, and chunks of their past; and pages of visitors, each of some dozens. */
export type SliceSize = { rows: number; pages: number; chunks: number };
export const SLICE: SliceSize = { rows: 2_000, pages: 200, chunks: 500 };

/** The rows that a slice adds, for one transaction that moves the place; `next` is null at the end. */
export type Slice = { writes: D1PreparedStatement[]; next: string | null; counted: number };

/** Calls and statements of a slice at most; one more for each further time so many chunks, of somebody who has more. */
export const SLICE_CALLS = 40;

const WORDS = "SELECT names FROM words WHERE project_id = ?1 ORDER BY first";
/** Where the pages end that a slice reads. */
const PAGES_END =
  "SELECT first FROM visitor_pages WHERE project_id = ?1 AND first > ?2 ORDER BY first LIMIT 1 OFFSET ?3";
const PAGES = `SELECT first, body FROM visitor_pages WHERE project_id = ?1 AND first >= ifnull(
    (SELECT max(first) FROM visitor_pages WHERE project_id = ?1 AND first <= ?2), '')
  ORDER BY first LIMIT ?3 + 1`;
/** Before the end of the pages: further rows would be read again. */
const ROWS = `SELECT person, now, head, recent FROM people WHERE project_id = ?1 AND person >= ?2
  AND (NOT EXISTS (${PAGES_END}) OR person < (${PAGES_END})) ORDER BY person LIMIT ?4`;
const CHUNKS = `SELECT person, until, head, recent FROM people_past
  WHERE project_id = ?1 AND (person, until) > (?2, ?3) AND (?4 IS NULL OR person < ?4) ORDER BY person, until LIMIT ?5`;

type Chunk = { person: string; until: number; head: string; recent: string };
type Found = Map<string, PersonRow>;

/** The lesser of two ends; null is none. */
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
    // By the window by which the person is counted, which may not be the project's yet.
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

/** Closed chunks of people from a place on; where there are more, the end is nearer. Of one person it reads all, however many. */
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
