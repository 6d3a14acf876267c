/**
 * Puts the ids of appended events into pages, many at once, so that a row is written for several hundred of them: ids with
 * a time in them, as the server, the snippet and the SDK make them, are neighbours. An id that is the only new one in its
 * page gets a row in a table.
 */
import { isGuarded } from "../store/guard.ts";
import { MOVE_AHEAD } from "../store/numbers.ts";
import { pieces } from "../store/pieces.ts";
import { pageOf } from "../store/places.ts";

const IDS_A_PAGE = 400;
/** A page is rewritten for at least this many ids; fewer get rows in the table. */
const WORTH_A_PAGE = 4;
/** Pages that one step rewrites. Ids that fall into further ones get rows in the table. */
const PAGES_AT_ONCE = 200;
/** How many ids may wait, as each append must search them. */
export const MOST_WAITING = 64;
/** The ids that the rule for senders allows: none of their characters is escaped in JSON, and all are in the same order in SQLite. */
const PLAIN = /^[A-Za-z0-9._:-]+$/;
/** Elements are `"<event_id>":<place>` of a JSON object. */
export type Element = string;
type Page = { project_id: string; first: string; ids: string | null };

/** An id that is not in pages yet. */
export type Waiting = { project_id: string; event_id: string; place: number };
/** The ids that wait, up to the event `to`, and the state of the log when they were read. */
export type Read = { version: number; ids: readonly Waiting[]; to: number };

export const elementsOf = (ids: string): Element[] => (ids === "{}" ? [] : ids.slice(1, -1).split(","));
export const idOf = (element: Element): string => element.slice(1, element.lastIndexOf('"'));
export const placeOf = (element: Element): number => Number(element.slice(element.lastIndexOf(":") + 1));
const elementOf = ({ event_id, place }: Waiting): Element => `"${event_id}":${place}`;

/**
 * Writes the ids, and moves the cursor behind them; `others` are further statements of the transaction. Two calls.
 * @throws where someone else changed the pages meanwhile: see `lostIdPages`.
 */
export async function writeIds(db: D1Database, read: Read, others: readonly string[] = []): Promise<void> {
  const plain = read.ids.filter(({ event_id }) => PLAIN.test(event_id));
  const pages = plain.length === 0 ? [] : await touchedPages(db, plain);
  const { written, alone } = laid(plain, pages);
  const unsorted = read.ids.filter(({ event_id }) => !PLAIN.test(event_id));
  await db.batch([
    db
      .prepare(
        `UPDATE log_state SET ids_cursor = ?2, version = CASE WHEN version = ?1
           AND NOT EXISTS (SELECT 1 FROM restores WHERE finished_at IS NULL) THEN version + 1 END WHERE id = 0`,
      )
      .bind(read.version, read.to),
    ...pieces(written.map((page) => JSON.stringify(page))).map((rows) =>
      db
        .prepare(
          `INSERT INTO log_id_pages (project_id, first, last, ids)
           SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
           ON CONFLICT (project_id, first) DO UPDATE SET last = excluded.last, ids = excluded.ids`,
        )
        .bind(rows),
    ),
    ...pieces(
      [...alone, ...unsorted].map(({ project_id, event_id, place }) => JSON.stringify([project_id, event_id, place])),
    ).map((rows) =>
      db
        .prepare(
          "INSERT INTO log_ids (project_id, event_id, place) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1)",
        )
        .bind(rows),
    ),
    ...[MOVE_AHEAD, ...others].map((text) => db.prepare(text)),
  ]);
}

/** Whether `writeIds` failed only because someone else changed the pages, or the log is being restored. */
export const lostIdPages = (error: unknown): boolean => isGuarded(error, "log_state.version");

/** The pages that these ids fall into, in their order; with their text where it is worth it to write them again. */
async function touchedPages(db: D1Database, ids: readonly Waiting[]): Promise<Page[]> {
  const { results } = await db
    .prepare(
      `SELECT p.project_id, p.first, CASE WHEN g.n <= ${PAGES_AT_ONCE} AND g.added >= ${WORTH_A_PAGE} THEN p.ids END AS ids
       FROM (SELECT page, added, row_number() OVER (ORDER BY added DESC) AS n FROM (
         SELECT ${pageOf("(value ->> 0)", "(value ->> 1)")} AS page, count(*) AS added FROM json_each(?1) GROUP BY 1)) g
       CROSS JOIN log_id_pages p ON p.page = g.page ORDER BY p.project_id, p.first`,
    )
    .bind(JSON.stringify(ids.map(({ project_id, event_id }) => [project_id, event_id])))
    .all<Page>();
  return results;
}

type WrittenPage = [project_id: string, first: string, last: string, ids: string];
type Laid = { written: WrittenPage[]; alone: Waiting[] };

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Each id falls into the last page that begins before it; all those pages are among `pages`. */
function laid(ids: readonly Waiting[], pages: readonly Page[]): Laid {
  const all: Laid = { written: [], alone: [] };
  const pagesByProject = Map.groupBy(pages, ({ project_id }) => project_id);
  for (const [project_id, waiting] of Map.groupBy(ids, ({ project_id }) => project_id)) {
    const sorted = waiting.toSorted((a, b) => order(a.event_id, b.event_id));
    const found = pagesByProject.get(project_id) ?? [];
    let from = 0;
    for (let next = 0; next <= found.length; next++) {
      const [old, following] = [found[next - 1], found[next]];
      let to = from;
      while (to < sorted.length && (!following || (sorted[to] as Waiting).event_id < following.first)) to++;
      const added = sorted.slice(from, to);
      from = to;
      if (old && old.ids === null) all.alone.push(...added);
      else if (added.length > 0) all.written.push(...pagesOf(project_id, old, added.map(elementOf)));
    }
  }
  return all;
}

/** A page with further ids, or several pages where they are too many. A page without a change is not written again. */
function pagesOf(project_id: string, old: Page | undefined, added: readonly Element[]): WrittenPage[] {
  const before = old?.ids ? elementsOf(old.ids) : [];
  const all = [...before, ...added].sort((a, b) => order(idOf(a), idOf(b)));
  // Ids that grow leave full pages behind. A page that gets ids between its ids is divided equally, so that there is room in each part.
  const grows = before.length === 0 || idOf(before.at(-1) as Element) <= idOf(added[0] as Element);
  const most = grows ? IDS_A_PAGE : Math.ceil(all.length / Math.ceil(all.length / IDS_A_PAGE));
  const written: WrittenPage[] = [];
  for (let from = 0; from < all.length; ) {
    let to = Math.min(from + most, all.length);
    // All places of an id are in the same page.
    while (to < all.length && idOf(all[to] as Element) === idOf(all[to - 1] as Element)) to++;
    const elements = all.slice(from, to);
    const [first, last] = [idOf(elements[0] as Element), idOf(elements.at(-1) as Element)];
    const ids = `{${elements}}`;
    if (ids !== old?.ids) written.push([project_id, from === 0 && old ? old.first : first, last, ids]);
    from = to;
  }
  return written;
}
