/** What a run writes, as the statements of one batch. */
import { isGuarded } from "../store/guard.ts";
import { dayTexts, joined, lengthOf, mergedCounts, packed } from "./day-rows.ts";
import type { ReadDay } from "./days-reader.ts";
import type { PeopleRows } from "./people-rows.ts";
import type { ProjectRun } from "./project-run.ts";
import { type Into, inserts, json } from "./statements.ts";

/** Moves the cursor, and fails where another run has moved it meanwhile: NULL is not allowed. */
export const moveCursor = (db: D1Database, after: number, upTo: number): D1PreparedStatement =>
  db.prepare("UPDATE log_state SET cursor = CASE WHEN cursor = ?1 THEN ?2 END WHERE id = 0").bind(after, upTo);

export const lostCursor = (error: unknown): boolean => isGuarded(error, "log_state.cursor");

const PAST: Into = { table: "people_past", columns: ["project_id", "person", "until", "head", "recent"] };
const PEOPLE: Into = { table: "people", columns: ["project_id", "person", "now", "head", "recent"] };
const PAGES: Into = {
  table: "visitor_pages",
  columns: ["project_id", "first", "body"],
  conflict: "ON CONFLICT (project_id, first) DO UPDATE SET body = excluded.body",
};
const WORDS: Into = {
  table: "words",
  columns: ["project_id", "first", "names"],
  conflict: "ON CONFLICT DO UPDATE SET names = excluded.names",
};
const append = (column: string) =>
  `${column} = CASE WHEN excluded.packed IS NULL THEN days.${column} || excluded.${column} ELSE excluded.${column} END`;
const DAYS: Into = {
  table: "days",
  columns: ["project_id", "scope", "date", "seq", "packed", "added", "counts", "life", "cells", "hours"],
  conflict: `ON CONFLICT (project_id, scope, date) DO UPDATE SET seq = excluded.seq, counts = excluded.counts,
    packed = ifnull(excluded.packed, days.packed),
    added = CASE WHEN excluded.packed IS NULL THEN days.added + excluded.added ELSE 0 END,
    ${append("life")}, ${append("cells")}, ${append("hours")}`,
};

function writePeople(db: D1Database, rows: PeopleRows): D1PreparedStatement[] {
  const each = (text: string, list: readonly unknown[]) => json(list).map((piece) => db.prepare(text).bind(piece));
  return [
    ...each(
      `DELETE FROM people_past WHERE (project_id, person, until) IN
         (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))`,
      rows.reopened,
    ),
    // Copies the stored chunk, so this comes before the row in `people` changes.
    ...each(
      `INSERT INTO people_past (project_id, person, until, head, recent)
       SELECT p.project_id, p.person, j.value ->> 1, p.head, p.recent FROM json_each(?1) j CROSS JOIN people p ON p.id = j.value ->> 0`,
      rows.closes,
    ),
    ...inserts(db, PAST, rows.closed),
    ...inserts(db, PEOPLE, rows.people),
    // In the order of the table, so that a database page with many of these rows is read once.
    ...each(
      `UPDATE people SET now = j.value ->> 1, head = ifnull(j.value ->> 2, head),
         recent = CASE WHEN j.value ->> 2 IS NULL THEN recent || (j.value ->> 3) ELSE j.value ->> 3 END
       FROM json_each(?1) j WHERE people.id = j.value ->> 0`,
      rows.changed.toSorted(([one], [other]) => one - other),
    ),
    ...each("DELETE FROM people WHERE id IN (SELECT value FROM json_each(?1))", rows.gone),
    ...inserts(db, PAGES, rows.pages),
    ...each(
      "DELETE FROM visitor_pages WHERE (project_id, first) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
      rows.emptied,
    ),
  ];
}

/** How many words a row has. */
const WORDS_A_ROW = 200;

/** The new names: the row with the first of them, and the rows after it. */
function wordRows({ project_id, rules: { words } }: ProjectRun): (string | number)[][] {
  if (words.firstNew === null) return [];
  const rows: (string | number)[][] = [];
  let first = words.firstNew - (words.firstNew % WORDS_A_ROW);
  for (const names = words.from(first); names.length > 0; first += WORDS_A_ROW)
    rows.push([project_id, first, JSON.stringify(names.splice(0, WORDS_A_ROW))]);
  return rows;
}

function dayRow({ run, change: { scope, date, lines }, row }: ReadDay, seq: number): (string | number | null)[] {
  const counts = mergedCounts(row?.counts ?? "", lines, run.rules.words);
  const added = dayTexts(lines);
  const behind = row !== undefined && row.texts === null;
  const { life, cells, hours } = row?.texts ? packed(joined(row.texts, added)) : added;
  const length = lengthOf({ life, cells, hours });
  return [run.project_id, scope, date, seq, behind ? null : length, behind ? length : 0, counts, life, cells, hours];
}

/** All changes, up to `seq`. */
type Changed = { runs: readonly ProjectRun[]; people: PeopleRows; days: readonly ReadDay[]; seq: number };

/** About ten statements, and one more for each 600,000 characters. */
export const writes = (db: D1Database, { runs, people, days, seq }: Changed): D1PreparedStatement[] => [
  ...inserts(db, WORDS, runs.flatMap(wordRows)),
  ...writePeople(db, people),
  ...dayWrites(db, days, seq),
];

export const dayWrites = (db: D1Database, days: readonly ReadDay[], seq: number): D1PreparedStatement[] =>
  inserts(
    db,
    DAYS,
    days.map((day) => dayRow(day, seq)),
  );
