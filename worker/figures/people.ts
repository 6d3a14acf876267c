/** The people of a project whom a run has read, and where their rows are. */
import { type Link, linkOf, type PersonRow } from "./person-row.ts";
import { type Page, readPage } from "./visitor-pages.ts";

/** `page` is the page that the row is in; null where it is a row of its own, of which `head` and `recent` are read last. */
export type Stored = { row: PersonRow; link: Link | null; page: string | null };

export class People {
  readonly rows = new Map<string, Stored>();
  readonly pages = new Map<string, Page>();
  /** The page that a visitor without a row would come into; null where that is before the first page. */
  readonly places = new Map<string, string | null>();

  linkOf(visitor: string): Link | null {
    return this.rows.get(visitor)?.link ?? null;
  }

  /** The row of a person that has events; none for a visitor that is a player's. */
  own(person: string): Stored | undefined {
    const stored = this.rows.get(person);
    return stored?.link === null ? stored : undefined;
  }

  put(person: string, row: PersonRow, page: string | null): void {
    this.rows.set(person, { row, link: linkOf(row.now), page });
  }

  putPage(first: string, body: string): void {
    this.pages.set(first, readPage(body));
  }

  /** The visitor is in this page, or would come into it. */
  look(visitor: string, page: string | null): void {
    const row = page === null ? undefined : this.pages.get(page)?.get(visitor);
    if (row) this.put(visitor, row, page);
    else this.places.set(visitor, page);
  }
}
