/**
 * Renames the person in the rows that figures are counted from, while projections are stopped. Not only columns have names:
 * the texts of rows have ids of events and visitors, also those of other people who shared a visitor or whose events
 * mention the person.
 */

import { type SQL, sql } from "drizzle-orm";
import type { PersonRow } from "../figures/person-row.ts";
import { type Renaming, renamedEvents, renamedPage, renamedRow } from "../figures/renaming.ts";
import { readPage } from "../figures/visitor-pages.ts";
import { among } from "../store/sql.ts";
import type { Change, Piece, Work } from "./job.ts";
import { type Person, VISITOR } from "./names.ts";
import { overwrite } from "./overwrite.ts";

/** Rows that one piece rewrites: each is some KB, and all go into one parameter. */
const AT_ONCE = 100;
/** Visitors whose pages one piece rewrites; pages, and rows, that one piece looks through. */
const VISITORS = 30;
const PAGES = 40;
const SCAN = 2_000;

const renamingOf = ({ players, visitors, persons, words }: Person): Renaming => ({
  players,
  visitors,
  persons,
  inOwnText: (text) => words.inOwnText(text),
  inOthersText: (text) => words.inOthersText(text),
});

/** Whether a text may name the person: it holds ids unchanged. Short names of visitors are not among `needles`. */
function mayName(texts: SQL, { words, visitors }: Person): SQL {
  const lower = [...visitors.keys()].map((name) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
  return sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify([...new Set([...words.needles, ...lower])])}) w
    WHERE instr(lower(${texts}), w.value) > 0)`;
}

/** What a part of the work changes, and the place where it continues; null is its end. */
type Done<At> = { changes: Change[]; at: At | null };

type Row = PersonRow & { id: number; person: string };

/** The person's rows. A row with its new name is not found again. */
async function ownRows({ db, job, person }: Work): Promise<Done<true>> {
  const rows = await db.all<Row>(sql`SELECT id, person, now, head, recent FROM people
    WHERE project_id = ${job.project_id} AND person ${among(person.persons.keys())} LIMIT ${AT_ONCE}`);
  if (rows.length === 0) return { changes: [], at: null };
  const names = renamingOf(person);
  const change = overwrite(
    "people",
    ["id"],
    ["person", "now", "recent"],
    rows.map((row) => {
      const { now, recent } = renamedRow(row.person, row, names);
      return { key: [row.id], values: [names.persons.get(row.person) ?? row.person, now, recent] };
    }),
  );
  return { changes: [{ change, found: "figures" }], at: true };
}

type Chunk = { person: string; until: number; recent: string };

const chunks = (project_id: string, rows: readonly Chunk[], names: Renaming): SQL =>
  overwrite(
    "people_past",
    ["project_id", "person", "until"],
    ["person", "recent"],
    rows.map(({ person, until, recent }) => ({
      key: [project_id, person, until],
      values: [names.persons.get(person) ?? person, renamedEvents(person, recent, names)],
    })),
  );

async function ownPast({ db, job, person }: Work): Promise<Done<true>> {
  const rows = await db.all<Chunk>(sql`SELECT person, until, recent FROM people_past
    WHERE project_id = ${job.project_id} AND person ${among(person.persons.keys())} LIMIT ${AT_ONCE}`);
  if (rows.length === 0) return { changes: [], at: null };
  return { changes: [{ change: chunks(job.project_id, rows, renamingOf(person)), found: "figures" }], at: true };
}

type PageRow = { page: number; first: string; body: string };

/** Rewrites the pages that have changed. A visitor who leaves a page gets a row in the table. */
function pages(project_id: string, rows: readonly PageRow[], names: Renaming): Change[] {
  const renamed = rows
    .map((row) => ({ row, ...renamedPage(row.first, readPage(row.body), names) }))
    .filter(({ row, page }) => page === null || page.first !== row.first || page.body !== row.body);
  if (renamed.length === 0) return [];
  const old = renamed.map(({ row }) => row.page);
  const left = renamed.flatMap(({ page }) => (page ? [[page.first, page.body]] : []));
  const gone = renamed.flatMap((one) =>
    one.gone.map(({ person, row: { now, head, recent } }) => [person, now, head, recent]),
  );
  return [
    { change: sql`DELETE FROM visitor_pages WHERE page ${among(old)}`, found: "figures" },
    {
      change: sql`INSERT INTO visitor_pages (project_id, first, body)
        SELECT ${project_id}, value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(left)})`,
    },
    {
      change: sql`INSERT INTO people (project_id, person, now, head, recent)
        SELECT ${project_id}, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(${JSON.stringify(gone)})`,
    },
  ];
}

/** The pages that the person's visitors are in, or would be in. */
async function ownPages({ db, job, person }: Work, from: number): Promise<Done<number>> {
  const visitors = [...person.visitors.keys()].map((name) => VISITOR + name);
  const visitorsOfStep = visitors.slice(from, from + VISITORS);
  if (visitorsOfStep.length === 0) return { changes: [], at: null };
  const rows = await db.all<PageRow>(sql`SELECT v.page, v.first, v.body FROM (
      SELECT DISTINCT (SELECT c.page FROM visitor_pages c
        WHERE c.project_id = ${job.project_id} AND c.first <= j.value ORDER BY c.first DESC LIMIT 1) AS page
      FROM json_each(${JSON.stringify(visitorsOfStep)}) j) w CROSS JOIN visitor_pages v ON v.page = w.page`);
  return { changes: pages(job.project_id, rows, renamingOf(person)), at: from + VISITORS };
}

/** Other people, who may have events of a shared visitor, or events whose ids mention the person. */
async function otherRows({ db, job, person }: Work, after: string): Promise<Done<string>> {
  const page = sql`SELECT id, person, now, head, recent FROM people
    WHERE project_id = ${job.project_id} AND person > ${after} ORDER BY person LIMIT ${SCAN}`;
  const [last, rows] = await Promise.all([
    db.get<{ person: string | null }>(sql`SELECT max(person) AS person FROM (${page})`),
    db.all<Row>(sql`SELECT * FROM (${page}) p
      WHERE ${mayName(sql`p.recent || CASE WHEN p.now LIKE '@%' THEN p.now ELSE '' END`, person)} ORDER BY p.person LIMIT ${AT_ONCE}`),
  ]);
  const names = renamingOf(person);
  const renamed = rows.map((row) => ({ row, becomes: renamedRow(row.person, row, names) }));
  const changed = renamed.filter(({ row, becomes }) => row.now !== becomes.now || row.recent !== becomes.recent);
  const change = overwrite(
    "people",
    ["id"],
    ["now", "recent"],
    changed.map(({ row, becomes }) => ({ key: [row.id], values: [becomes.now, becomes.recent] })),
  );
  const at = rows.length === AT_ONCE ? (rows.at(-1)?.person ?? null) : (last?.person ?? null);
  return { changes: changed.length > 0 ? [{ change, found: "figures" }] : [], at };
}

async function otherPast({ db, job, person }: Work, [who, when]: [string, number]): Promise<Done<[string, number]>> {
  const page = sql`SELECT person, until, recent FROM people_past
    WHERE project_id = ${job.project_id} AND (person, until) > (${who}, ${when}) ORDER BY person, until LIMIT ${SCAN}`;
  const [last, rows] = await Promise.all([
    db.get<Chunk>(sql`SELECT person, until FROM (${page}) ORDER BY person DESC, until DESC LIMIT 1`),
    db.all<Chunk>(
      sql`SELECT * FROM (${page}) p WHERE ${mayName(sql`p.recent`, person)} ORDER BY p.person, p.until LIMIT ${AT_ONCE}`,
    ),
  ]);
  const names = renamingOf(person);
  const changed = rows.filter((row) => renamedEvents(row.person, row.recent, names) !== row.recent);
  const end = rows.length === AT_ONCE ? rows.at(-1) : last;
  return {
    changes: changed.length > 0 ? [{ change: chunks(job.project_id, changed, names), found: "figures" }] : [],
    at: end ? [end.person, end.until] : null,
  };
}

async function otherPages({ db, job, person }: Work, after: string): Promise<Done<string>> {
  const page = sql`SELECT page, first, body FROM visitor_pages
    WHERE project_id = ${job.project_id} AND first > ${after} ORDER BY first LIMIT ${PAGES}`;
  const [last, rows] = await Promise.all([
    db.get<{ first: string | null }>(sql`SELECT max(first) AS first FROM (${page})`),
    db.all<PageRow>(sql`SELECT * FROM (${page}) p WHERE ${mayName(sql`p.body`, person)}`),
  ]);
  return { changes: pages(job.project_id, rows, renamingOf(person)), at: last?.first ?? null };
}

/**
 * While a filter is being filled, it depends on people's names whose past is counted. So that begins again, as another
 * scope. See `worker/figures/filling.ts`.
 */
const fillAnew = (project_id: string): Change[] => {
  const begun = sql`project_id = ${project_id} AND filter IS NOT NULL AND place > ''`;
  return [
    {
      change: sql`INSERT INTO scopes (project_id, filter, asked_at, asked_by, place, counted, people)
        SELECT project_id, filter, asked_at, asked_by, '', 0, people FROM scopes WHERE ${begun} ORDER BY number`,
    },
    { change: sql`UPDATE scopes SET filter = NULL WHERE ${begun}` },
  ];
};

/** The parts of the work in their order, each from its beginning or from its last place. */
const PARTS = [
  (work: Work) => ownRows(work),
  (work: Work) => ownPast(work),
  (work: Work, at: unknown) => ownPages(work, (at as number | null) ?? 0),
  (work: Work, at: unknown) => otherRows(work, (at as string | null) ?? ""),
  (work: Work, at: unknown) => otherPast(work, (at as [string, number] | null) ?? ["", 0]),
  (work: Work, at: unknown) => otherPages(work, (at as string | null) ?? ""),
] as const;

export async function figuresRows(work: Work): Promise<Piece> {
  const [part, at] = (work.job.place as [number, unknown] | null) ?? [0, null];
  const done = await PARTS[part]?.(work, at);
  if (!done) return { changes: [], place: null };
  const first = work.job.place === null ? [...fillAnew(work.job.project_id), ...done.changes] : done.changes;
  return { changes: first, place: done.at === null ? [part + 1, null] : [part, done.at] };
}
