/** The people of a project whom a run has read, and where their rows are. */
import { type Link, linkOf, type PersonRow } from "./person-row.ts";
import { compareText } from "./text-order.ts";
import { type Page, readPage } from "./visitor-pages.ts";

/**
 * Where a row is: in a page of visitors, by the page's name; or a row of its own, by its id, of which `head` and `recent` are
 * read last.
 */
export type Place = { page: string } | { id: number };
export type Stored = { row: PersonRow; link: Link | null; place: Place };

export class People {
  readonly rows = new Map<string, Stored>();
  readonly pages = new Map<string, Page>();
  /** The page that a visitor without a row would come into; null where that is before the first page. */
  #firsts: string[] = [];
  readonly places = new Map<string, string | null>();

  linkOf(visitor: string): Link | null {
    return this.rows.get(visitor)?.link ?? null;
  }

  /** The row of a person that has events; none for a visitor that is a player's. */
  withEvents(person: string): Stored | undefined {
    const stored = this.rows.get(person);
    return stored?.link === null ? stored : undefined;
  }

  /** A row without head. Where its state is not kept, it has the events that the state is computed from. */
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

  /** Finds a visitor without a row of its own in the page that it is in, or the place that it would come into. */
  place(visitor: string): void {
    if (this.rows.has(visitor)) return;
    const page = this.#pageOf(visitor);
    const row = page === null ? undefined : this.pages.get(page)?.get(visitor);
    if (row && page !== null) this.#put(visitor, row, { page });
    else this.places.set(visitor, page);
  }

  /** The last page that begins before a visitor; it is among those that were read. */
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
