/** The row of a person, in the table or in a page of visitors: a state and events, or the player whom a visitor belongs to. */
import type { Rules } from "./fold.ts";
import { fold } from "./fold.ts";
import { Reader, Writer } from "./numbers.ts";
import { readEvents } from "./person-event.ts";
import { NO_FILTERS } from "./scopes.ts";
import { noState, type State } from "./state.ts";
import { readState } from "./state-text.ts";

/** The columns as stored; `now` has only the attribution window where the state follows from the events. */
export type PersonRow = { now: string; head: string; recent: string };

/** The player whom a visitor belongs to, by the earliest event that names both: `rank` sorts events by time and id. */
export type Link = { player_id: string; rank: string };

const LINK = "@";
const WINDOW = "~";

export const isVisitor = (person: string): boolean => person.startsWith("\u001f");
export const visitorOf = (visitor_id: string): string => `\u001f${visitor_id}`;

const writer = new Writer();

export function linkRow({ player_id, rank }: Link): PersonRow {
  writer.begin();
  writer.string(player_id);
  writer.string(rank);
  return { now: LINK + writer.take(), head: "", recent: "" };
}

/** Null where the row is not a link to a player. */
export function linkOf(now: string): Link | null {
  if (!now.startsWith(LINK)) return null;
  const reader = new Reader(now, LINK.length);
  return { player_id: reader.string(), rank: reader.string() };
}

/** What is stored instead of a state that is quick to compute from the person's events. */
export function windowText({ attribution_days }: State): string {
  writer.begin();
  writer.whole(attribution_days);
  return WINDOW + writer.take();
}

export function stateOf({ now, recent }: PersonRow, { words }: Pick<Rules, "words">): State {
  if (!now.startsWith(WINDOW)) return readState(now);
  const state = noState();
  const attribution_days = new Reader(now, WINDOW.length).whole();
  fold(state, readEvents(recent), { words, attribution_days, scopes: NO_FILTERS }, null);
  return state;
}
