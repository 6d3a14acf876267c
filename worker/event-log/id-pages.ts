/**
 * Puts the ids of appended events into pages, many at once, so that a row is written for several hundred of them: ids with
 * a time in them, as the server, the snippet and the SDK make them, are neighbours. An id that is the only new one in its
 * page gets a row in a table.
 */
import { isGuarded } from "../store/guard.ts";
import { pieces } from "../store/pieces.ts";
import { pageOf } from "./known.ts";

const IDS_A_PAGE = 400;
/** A page is rewritten for at least this many ids; fewer get rows in the table. */
const WORTH_A_PAGE = 4;
/** How many ids may wait in their segments, where each append must search them. */
const MOST_WAITING = 64;
/** Elements are `"<event_id>":<place>` of a JSON object: no character of an id is escaped, and all sort behind the quote. */
type Element = string;
type Page = { first: string; ids: string };

const elementsOf = (ids: string): Element[] => (ids === "{}" ? [] : ids.slice(1, -1).split(","));
const idOf = (element: Element): string => element.slice(1, element.lastIndexOf('"'));
const placeOf = (element: Element): number => Number(element.slice(element.lastIndexOf(":") + 1));

/** Two or three calls; one where few are waiting. @throws where someone else does it at this moment: see `lostIdPages`. */
export async function writeIdPages(db: D1Database, least = MOST_WAITING): Promise<void> {
  const { results: waiting } = await db
    .prepare(
      "SELECT l.ids_cursor, s.seq, s.events, s.ids FROM log_state l CROSS JOIN log_segments s ON s.seq > l.ids_cursor ORDER BY s.seq",
    )
    .all<{ ids_cursor: number; seq: number; events: number; ids: string }>();
  const [first, last] = [waiting[0], waiting.at(-1)];
  if (!first || !last || last.seq + last.events - first.seq < least) return;
  const byProject = new Map<string, Element[]>();
  for (const segment of waiting) {
    for (const element of elementsOf(segment.ids)) {
      const [project_id = "", event_id = ""] = idOf(element).split(" ");
      const ids = byProject.get(project_id) ?? [];
      ids.push(`"${event_id}":${segment.seq * 4 + placeOf(element)}`);
      byProject.set(project_id, ids);
    }
  }
  const projects = [...byProject].map(([project_id, ids]) => ({ project_id, ids: ids.sort() }));
  const found = await db.batch<Page>(projects.map(({ project_id, ids }) => touchedPages(db, project_id, ids)));
  const writes = projects.flatMap(({ project_id, ids }, index) =>
    laid(db, project_id, ids, found[index]?.results ?? []),
  );
  await db.batch([
    db
      .prepare("UPDATE log_state SET ids_cursor = CASE WHEN ids_cursor = ?1 THEN ?2 END WHERE id = 0")
      .bind(first.ids_cursor, last.seq + last.events - 1),
    ...writes,
  ]);
}

/** Whether `writeIdPages` failed only because someone else did it. */
export const lostIdPages = (error: unknown): boolean => isGuarded(error, "log_state.ids_cursor");

/** The pages that these ids fall into, in their order. */
const touchedPages = (db: D1Database, project_id: string, ids: readonly Element[]): D1PreparedStatement =>
  db
    .prepare(
      `SELECT p.first, p.ids FROM (SELECT DISTINCT ${pageOf("?1", "value")} AS page FROM json_each(?2)) g
       CROSS JOIN log_id_pages p ON p.page = g.page ORDER BY p.first`,
    )
    .bind(project_id, JSON.stringify(ids.map(idOf)));

/** Each id falls into the last page that begins before it; all those pages are among `pages`. */
function laid(
  db: D1Database,
  project_id: string,
  ids: readonly Element[],
  pages: readonly Page[],
): D1PreparedStatement[] {
  const written: [first: string, ids: string][] = [];
  const alone: [event_id: string, place: number][] = [];
  let from = 0;
  for (let next = 0; next <= pages.length; next++) {
    const [old, following] = [pages[next - 1], pages[next]];
    let to = from;
    while (to < ids.length && (!following || idOf(ids[to] as Element) < following.first)) to++;
    const added = ids.slice(from, to);
    from = to;
    if (old && added.length < WORTH_A_PAGE) alone.push(...added.map((id): [string, number] => [idOf(id), placeOf(id)]));
    else if (added.length > 0) written.push(...pagesOf(old, added));
  }
  return [
    ...pieces(written.map((page) => JSON.stringify(page))).map((rows) =>
      db
        .prepare(
          `INSERT INTO log_id_pages (project_id, first, ids) SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2) WHERE true
           ON CONFLICT (project_id, first) DO UPDATE SET ids = excluded.ids`,
        )
        .bind(project_id, rows),
    ),
    ...pieces(alone.map((id) => JSON.stringify(id))).map((rows) =>
      db
        .prepare(
          "INSERT INTO log_ids (project_id, event_id, place) SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2)",
        )
        .bind(project_id, rows),
    ),
  ];
}

/** A page with further ids, or several pages where they are too many. A page without a change is not written again. */
function pagesOf(old: Page | undefined, added: readonly Element[]): [first: string, ids: string][] {
  const all = [...(old ? elementsOf(old.ids) : []), ...added].sort();
  const pages: [string, string][] = [];
  for (let from = 0; from < all.length; from += IDS_A_PAGE) {
    const elementsOfPage = all.slice(from, from + IDS_A_PAGE);
    const first = from === 0 && old ? old.first : idOf(elementsOfPage[0] as Element);
    const ids = `{${elementsOfPage}}`;
    if (ids !== old?.ids) pages.push([first, ids]);
  }
  return pages;
}
