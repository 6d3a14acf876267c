/** The people of a project, some at a time: first those with a row in the table, then the visitors in pages. */
import { linkOf } from "./person-row.ts";
import { rowsOf } from "./statements.ts";
import { readPage } from "./visitor-pages.ts";

/** Where the next reading begins: after a person in the table, or after a page. */
export type PeoplePlace = { in: "rows" | "pages"; after: string };
export const FIRST_PEOPLE: PeoplePlace = { in: "rows", after: "" };

export type PeoplePage = { people: string[]; next: PeoplePlace | null };

const ROWS = "SELECT person, now FROM people WHERE project_id = ?1 AND person > ?2 ORDER BY person LIMIT ?3";
const PAGES = "SELECT first, body FROM visitor_pages WHERE project_id = ?1 AND first > ?2 ORDER BY first LIMIT ?3";

/** Reads this many rows or pages. A person whom a run moves between the table and a page meanwhile was counted by that run. */
export async function peoplePage(
  db: D1Database,
  project_id: string,
  place: PeoplePlace,
  most: number,
): Promise<PeoplePage> {
  const isRows = place.in === "rows";
  const result = await db
    .prepare(isRows ? ROWS : PAGES)
    .bind(project_id, place.after, most)
    .all();
  const found = isRows
    ? rowsOf<{ person: string; now: string }>(result).map(({ person, now }) => ({ name: person, all: [[person, now]] }))
    : rowsOf<{ first: string; body: string }>(result).map(({ first, body }) => ({
        name: first,
        all: [...readPage(body)].map(([person, { now }]) => [person, now]),
      }));
  const people = found.flatMap(({ all }) => all.flatMap(([person = "", now = ""]) => (linkOf(now) ? [] : [person])));
  const last = found.at(-1);
  if (last && found.length === most) return { people, next: { ...place, after: last.name } };
  return { people, next: isRows ? { in: "pages", after: "" } : null };
}
