/** What a run writes, as statements of one batch. */
import { pieces } from "../store/pieces.ts";
import { type DayChange, type DayTexts, mergedDay } from "./day-rows.ts";
import type { PeopleRows } from "./people-rows.ts";
import type { ProjectRun } from "./project-run.ts";
import { insertRows } from "./statements.ts";

/** Moves the cursor, and fails where another run has moved it meanwhile: NULL is not allowed. */
export const moveCursor = (db: D1Database, after: number, upTo: number): D1PreparedStatement =>
  db.prepare("UPDATE log_state SET cursor = CASE WHEN cursor = ?1 THEN ?2 END WHERE id = 0").bind(after, upTo);

export const lostCursor = (error: unknown): boolean =>
  /NOT NULL constraint failed: log_state\.cursor/.test(String(error));

const json = (rows: readonly unknown[]): string[] => pieces(rows.map((row) => JSON.stringify(row)));

export function writePeople(db: D1Database, rows: PeopleRows): D1PreparedStatement[] {
  const SAME = "p.project_id = j.value ->> 0 AND p.person = j.value ->> 1";
  const each = (text: string, list: readonly unknown[]) => json(list).map((piece) => db.prepare(text).bind(piece));
  return [
    ...each(
      `DELETE FROM people_past WHERE (project_id, person, until) IN
         (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))`,
      rows.reopened,
    ),
    // As it lies: before its row in `people` goes on.
    ...each(
      `INSERT INTO people_past (project_id, person, until, head, recent)
       SELECT p.project_id, p.person, j.value ->> 2, ifnull(p.head, ''), p.recent FROM json_each(?1) j CROSS JOIN people p ON ${SAME}`,
      rows.closes,
    ),
    ...insertRows(db, "INSERT INTO people_past (project_id, person, until, head, recent) VALUES", rows.closed),
    ...insertRows(
      db,
      "INSERT INTO people (project_id, person, now, head, recent) VALUES",
      rows.people,
      `ON CONFLICT DO UPDATE SET now = excluded.now, head = ifnull(excluded.head, people.head),
         recent = CASE WHEN excluded.head IS NULL THEN people.recent || excluded.recent ELSE excluded.recent END`,
    ),
    ...each(
      "DELETE FROM people WHERE (project_id, person) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
      rows.gone,
    ),
    ...insertRows(
      db,
      "INSERT INTO visitor_pages (project_id, first, body) VALUES",
      rows.pages,
      "ON CONFLICT (project_id, first) DO UPDATE SET body = excluded.body",
    ),
    ...each(
      "DELETE FROM visitor_pages WHERE (project_id, first) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
      rows.emptied,
    ),
  ];
}

/** Words a row. */
const WORDS_A_ROW = 200;

/** Names that are new: the row that they begin in, and those behind it. */
export function writeWords(db: D1Database, runs: readonly ProjectRun[]): D1PreparedStatement[] {
  const rows = runs.flatMap(({ project_id, rules: { words } }) => {
    if (words.firstNew === null) return [];
    const own: (string | number)[][] = [];
    let first = words.firstNew - (words.firstNew % WORDS_A_ROW);
    for (const names = words.from(first); names.length > 0; first += WORDS_A_ROW)
      own.push([project_id, first, JSON.stringify(names.splice(0, WORDS_A_ROW))]);
    return own;
  });
  return insertRows(
    db,
    "INSERT INTO words (project_id, first, names) VALUES",
    rows,
    "ON CONFLICT DO UPDATE SET names = excluded.names",
  );
}

/** A day that changes, with the texts of its row as they are; none where it has none. */
export type ReadDay = { run: ProjectRun; change: DayChange; texts: DayTexts | undefined };

export const writeDays = (db: D1Database, days: readonly ReadDay[], seq: number): D1PreparedStatement[] =>
  insertRows(
    db,
    "INSERT INTO days (project_id, scope, date, seq, counts, life, cells, hours) VALUES",
    days.map(({ run, change: { scope, date, lines }, texts }) => {
      const { counts, life, cells, hours } = mergedDay(texts, lines, run.rules.words);
      return [run.project_id, scope, date, seq, counts, life, cells, hours];
    }),
    `ON CONFLICT (project_id, scope, date) DO UPDATE SET seq = excluded.seq, counts = excluded.counts,
       life = excluded.life, cells = excluded.cells, hours = excluded.hours`,
  );
