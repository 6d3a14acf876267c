/**
 * Visitors in sorted pages, so that one row is written for many. The ids of the snippet contain a time, so visitors of one
 * hour are neighbours, and most visit only once. A visitor that would be the only new one in its page gets a row in the table.
 */
import { Reader, Writer } from "./numbers.ts";
import type { PersonRow } from "./person-row.ts";
import { compareText } from "./text-order.ts";

/** The most visitors of a page, and how many new ones make it worth writing again. */
export type PageSizes = { visitors: number; worth: number };
export const PAGE_SIZES: PageSizes = { visitors: 48, worth: 4 };

export type Page = Map<string, PersonRow>;

export function readPage(body: string): Page {
  const page: Page = new Map();
  for (const reader = new Reader(body); reader.more; )
    page.set(reader.string(), { now: reader.string(), head: reader.string(), recent: reader.string() });
  return page;
}

const writer = new Writer();

export function pageText(rows: readonly [string, PersonRow][]): string {
  writer.begin();
  for (const [name, { now, head, recent }] of rows) for (const text of [name, now, head, recent]) writer.string(text);
  return writer.take();
}

/**
 * A page as one or more rows of `visitor_pages`; the first row keeps the name of the page. `first` is null where the page is
 * new. An empty page gives no row.
 */
export function pageRows(first: string | null, page: Page, { visitors }: PageSizes): { first: string; body: string }[] {
  const all = [...page].sort(([one], [other]) => compareText(one, other));
  const rows: { first: string; body: string }[] = [];
  for (let from = 0; from < all.length; from += visitors) {
    const visitorsOfPage = all.slice(from, from + visitors);
    rows.push({
      first: from === 0 && first !== null ? first : (visitorsOfPage[0]?.[0] ?? ""),
      body: pageText(visitorsOfPage),
    });
  }
  return rows;
}
