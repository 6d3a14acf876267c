/**
 * Visitors side by side in sorted pages, so that one row is written for many: the snippet's ids have a time in them, so
 * visitors of one hour are neighbours, and most come once. A visitor that comes alone into its page gets a row of its own.
 */
import { Reader, Writer } from "./numbers.ts";
import type { PersonRow } from "./person-row.ts";
import { compareText } from "./text-order.ts";

/** Visitors a page, and for how many new ones a page is written again. */
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
 * A page as rows of `visitor_pages`: as many as it takes, the first of which keeps its name. `first` is null where the page
 * is new. None where it is empty.
 */
export function pageRows(first: string | null, page: Page, { visitors }: PageSizes): { first: string; body: string }[] {
  const all = [...page].sort(([one], [other]) => compareText(one, other));
  const rows: { first: string; body: string }[] = [];
  for (let from = 0; from < all.length; from += visitors) {
    const some = all.slice(from, from + visitors);
    rows.push({ first: from === 0 && first !== null ? first : (some[0]?.[0] ?? ""), body: pageText(some) });
  }
  return rows;
}
