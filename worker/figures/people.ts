/** The people of a project that a run has read, and where their rows are. */
import { type Link, linkOf, type PersonRow } from "./person-row.ts";
import { compareText } from "./text-order.ts";
import { type Page, readPage } from "./visitor-pages.ts";

/**
 * Where a row is: in a page of visitors, by the page's name; or in the table, by its id. `head` and `recent` of a row in the
 * table are read last.
 */
export type Place = { page: string } | { id: number };
export type Stored = { row: PersonRow; link: Link | null; place: Place };

export class People {
  readonly rows = new Map<string, Stored>();
  readonly pages = new Map<string, Page>();
  /** The page for a visitor without a row; null where the place is before the first page. */
  #firsts: string[] = [];
  readonly places = new Map<string, string | null>();

  linkOf(visitor: string): Link | null {
    return this.rows.get(visitor)?.link ?? null;
  }

  /** The row of a person who has events; none for a visitor who belongs to a player. */
  withEvents(person: string): Stored | undefined {
    const stored = this.rows.get(person);
    return stored?.link === null ? stored : undefined;
  }

  /** A row without its head. Where the state is not stored, it has the events that the state is computed from. */
  putOwn(person: string, { id, now, recent }: { id: number; now: string; recent: string }): void {
    this.#put(person, { now, head: "", recent }, { id });
  }

  #put(person: string, row: PersonRow, place: Place): void {
    this.rows.set(person, { row, link: linkOf(row.now), place });
  }

  putPages(pages: readonly { first: string; body: string }[]): void {
    for (const { first, body } of pages) this.pages.set(first, readPage(body));
    this.#firsts = [...this.pages.keys()].sort(compareText);
  }

  /** Finds the page of a visitor without a row in the table, or the place where the visitor would be added. */
  place(visitor: string): void {
    if (this.rows.has(visitor)) return;
    const page = this.#pageOf(visitor);
    const row = page === null ? undefined : this.pages.get(page)?.get(visitor);
    if (row && page !== null) this.#put(visitor, row, { page });
    else this.places.set(visitor, page);
  }

  /** The last page that begins before a visitor; it has been read. */
  #pageOf(visitor: string): string | null {
    let [from, to] = [0, this.#firsts.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (compareText(this.#firsts[middle] ?? "", visitor) <= 0) from = middle + 1;
      else to = middle;
    }
    return this.#firsts[from - 1] ?? null;
  }
}
