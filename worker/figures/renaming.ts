/** Gives a person other names in the rows that figures are counted from. No figure depends on a name. */
import { eventsText, readEvents } from "./person-event.ts";
import { linkOf, linkRow, type PersonRow } from "./person-row.ts";
import { compareText } from "./text-order.ts";
import { type Page, pageText } from "./visitor-pages.ts";

/** The pseudonyms for the person's names, in the form of each kind of column, and for names within texts. */
export type Renaming = {
  players: ReadonlyMap<string, string>;
  visitors: ReadonlyMap<string, string>;
  /** The name in rows of people: a player id, or a control character and a visitor id. */
  persons: ReadonlyMap<string, string>;
  /** Replaces names in texts of the person's events, and in texts of other people's events. */
  inOwnText(text: string): string;
  inOthersText(text: string): string;
};

/** The events in one row: of the erased person, or of another person who shared a visitor with them for a while. */
export function renamedEvents(person: string, text: string, names: Renaming): string {
  const isOwn = names.persons.has(person);
  return eventsText(
    readEvents(text).map((event) => {
      const visitor_id = names.visitors.get(event.visitor_id) ?? event.visitor_id;
      const id = isOwn || visitor_id !== event.visitor_id ? names.inOwnText : names.inOthersText;
      return { ...event, visitor_id, event_id: id(event.event_id) };
    }),
  );
}

/** States contain no names. */
export function renamedRow(person: string, row: PersonRow, names: Renaming): PersonRow {
  const link = linkOf(row.now);
  if (link === null) return { ...row, recent: renamedEvents(person, row.recent, names) };
  const player_id = names.players.get(link.player_id) ?? link.player_id;
  const rank = names.players.has(link.player_id) ? names.inOwnText(link.rank) : names.inOthersText(link.rank);
  return linkRow({ player_id, rank });
}

export type RenamedPage = {
  /** The rest of the page; null where it is empty. */
  page: { first: string; body: string } | null;
  /** Visitors who leave the page, since their new names sort into another place. */
  gone: { person: string; row: PersonRow }[];
};

/** The name of a page is the name of a visitor, who may no longer be in it. */
export function renamedPage(first: string, page: Page, names: Renaming): RenamedPage {
  const rows = [...page].map(([person, row]) => ({ person, row: renamedRow(person, row, names) }));
  const isGone = ({ person }: { person: string }) => names.persons.has(person);
  const left = rows.filter((one) => !isGone(one)).sort((one, other) => compareText(one.person, other.person));
  return {
    page: left[0]
      ? {
          first: names.persons.has(first) ? left[0].person : first,
          body: pageText(left.map(({ person, row }) => [person, row])),
        }
      : null,
    gone: rows.filter(isGone).map(({ person, row }) => ({ person: names.persons.get(person) ?? person, row })),
  };
}
