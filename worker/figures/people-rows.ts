/** The rows of people that a run writes: rows of the table, or pages of visitors. */
import type { Written } from "./chunks.ts";
import type { People } from "./people.ts";
import { linkRow, type PersonRow, windowText } from "./person-row.ts";
import type { PersonWrite, ProjectRun } from "./project-run.ts";
import { stateText } from "./state-text.ts";
import { type Page, type PageSizes, pageRows } from "./visitor-pages.ts";

export type PeopleRows = {
  /** New rows: project_id, person, now, head, recent. */
  people: string[][];
  /** Changed rows, by id; where `head` is null, `recent` is appended to the stored text. */
  changed: [id: number, now: string, head: string | null, recent: string][];
  gone: number[];
  /** Open chunks in the row of this id that are closed without a change, further closed chunks, and chunks to delete. */
  closes: [id: number, until: number][];
  closed: (string | number)[][];
  reopened: [project_id: string, person: string, until: number][];
  pages: [project_id: string, first: string, body: string][];
  emptied: [project_id: string, first: string][];
};

export const noRows = (): PeopleRows => ({
  people: [],
  changed: [],
  gone: [],
  closes: [],
  closed: [],
  reopened: [],
  pages: [],
  emptied: [],
});

/** The state of a person with at most this many events is quick to compute, so it is not stored. */
const FEW = 2;

/** Adds one project's people. */
export function addPeople(rows: PeopleRows, run: ProjectRun, writes: readonly PersonWrite[], sizes: PageSizes): void {
  const { project_id, people, links } = run;
  const unlinked = writes.filter(({ person }) => !links.has(person));
  const pages = new TouchedPages(people, [...unlinked.map(({ person }) => person), ...links.keys()], sizes);
  for (const { person, reopened } of writes)
    rows.reopened.push(...reopened.map((until): [string, string, number] => [project_id, person, until]));

  const idOf = (person: string): number | null => {
    const place = people.rows.get(person)?.place;
    return place && "id" in place ? place.id : null;
  };
  const put = (person: string, now: string, head: string | null, recent: string) => {
    const id = idOf(person);
    if (id === null) rows.people.push([project_id, person, now, head ?? "", recent]);
    else rows.changed.push([id, now, head, recent]);
  };
  for (const [visitor, link] of links) {
    const page = pages.pageOf(visitor);
    const row = linkRow(link);
    if (page) page.set(visitor, row);
    else put(visitor, row.now, row.head, row.recent);
  }
  for (const { person, written } of unlinked) {
    const page = pages.pageOf(person);
    const id = idOf(person);
    const before = people.rows.get(person)?.row;
    if (written === null) {
      page?.delete(person);
      if (id !== null) rows.gone.push(id);
    } else if (page && written.closes === null && written.closed.length === 0) {
      page.set(person, pagedRow(written, before));
    } else {
      const { now, closes, closed, head, events } = written;
      page?.delete(person);
      if (closes && id !== null) rows.closes.push([id, closes.until]);
      else if (closes && before) rows.closed.push([project_id, person, closes.until, before.head, before.recent]);
      rows.closed.push(...closed.map((chunk) => [project_id, person, chunk.until, chunk.head, chunk.events]));
      put(person, stateText(now), head, events);
    }
  }
  pages.write(project_id, rows);
}

function pagedRow({ now, head, events }: Written, before: PersonRow | undefined): PersonRow {
  return {
    now: now.closed === 0 && now.total <= FEW ? windowText(now) : stateText(now),
    head: head ?? before?.head ?? "",
    recent: head === null ? (before?.recent ?? "") + events : events,
  };
}

/** The pages of visitors that a run writes: those that have its visitors, and those that get enough new visitors. */
class TouchedPages {
  readonly #people: People;
  readonly #sizes: PageSizes;
  readonly #worth: ReadonlySet<string | null>;
  /** By name; null is the place before the first page. */
  readonly #pages = new Map<string | null, Page>();

  constructor(people: People, persons: readonly string[], sizes: PageSizes) {
    this.#people = people;
    this.#sizes = sizes;
    const coming = new Map<string | null, number>();
    for (const person of persons) {
      const place = people.rows.has(person) ? undefined : people.places.get(person);
      if (place !== undefined) coming.set(place, (coming.get(place) ?? 0) + 1);
    }
    this.#worth = new Set([...coming].flatMap(([place, count]) => (count >= sizes.worth ? [place] : [])));
  }

  /** The page of a person, old or new; null for a person with a row in the table. */
  pageOf(person: string): Page | null {
    const stored = this.#people.rows.get(person);
    const first = stored ? ("page" in stored.place ? stored.place.page : undefined) : this.#people.places.get(person);
    if (first === undefined || (!stored && !this.#worth.has(first))) return null;
    const known = this.#pages.get(first);
    if (known) return known;
    const page: Page = new Map(first === null ? [] : this.#people.pages.get(first));
    this.#pages.set(first, page);
    return page;
  }

  write(project_id: string, rows: PeopleRows): void {
    for (const [first, page] of this.#pages) {
      const written = pageRows(first, page, this.#sizes);
      for (const row of written) rows.pages.push([project_id, row.first, row.body]);
      if (written.length === 0 && first !== null) rows.emptied.push([project_id, first]);
    }
  }
}
