/** What a run changes in people's histories: new events, events that no longer count, and events that belong to another person now. */
import { DAY_MS } from "../time.ts";
import type { CountedEvent, Numbered } from "./counted-event.ts";
import type { PersonEvent } from "./person-event.ts";
import { type Link, visitorOf } from "./person-row.ts";
import { canCount } from "./segment.ts";
import type { Words } from "./words.ts";

export type Edit = {
  added: PersonEvent[];
  /** By `seq`. */
  removed: Set<number>;
  /** Visitors who belong to another player now: events that name only the visitor leave this person. */
  lost: Set<string>;
  /** Whether the person is a visitor who belongs to a player now. */
  gone: boolean;
};

export class Edits extends Map<string, Edit> {
  editOf(person: string): Edit {
    const known = this.get(person);
    if (known) return known;
    const made: Edit = { added: [], removed: new Set(), lost: new Set(), gone: false };
    this.set(person, made);
    return made;
  }
}

const dates = new Map<string, number>();

/** Days since 1970. */
export function dateNumber(date: string): number {
  const known = dates.get(date);
  if (known !== undefined) return known;
  const number = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  dates.set(date, number);
  return number;
}

export const personEvent = ({ seq, event }: Numbered, words: Words): PersonEvent => ({
  seq,
  at: event.timestamp,
  event_id: event.event_id,
  event_type: words.code(event.event_type),
  banner_tag: words.code(event.banner_tag),
  app_id: words.code(event.app_id),
  country: words.code(event.country),
  device: words.code(event.device),
  platform: words.code(event.platform),
  currency: words.code(event.currency),
  amount: event.amount ?? 0,
  date: dateNumber(event.event_date),
  hour: event.event_hour,
  visitor_id: event.player_id === null ? (event.visitor_id ?? "") : "",
});

const rankOf = ({ timestamp, event_id, trusted }: CountedEvent): string =>
  `${String(timestamp).padStart(15, "0")} ${event_id} ${1 - trusted}`;

/**
 * Which visitor belongs to which player: the earliest event that names both decides, so late and reordered events lead to
 * the same answer. Duplicates are looked at, too. `known` are the links so far.
 */
export function newLinks(events: readonly Numbered[], known: (visitor: string) => Link | null): Map<string, Link> {
  const links = new Map<string, Link>();
  for (const { event } of events) {
    if (event.player_id === null || event.visitor_id === null || !canCount(event)) continue;
    const visitor = visitorOf(event.visitor_id);
    const link = { player_id: event.player_id, rank: rankOf(event) };
    const before = links.get(visitor) ?? known(visitor);
    if (before === null || link.rank < before.rank) links.set(visitor, link);
  }
  return links;
}

/** The person of an event, by these links. */
export function personOf(event: CountedEvent, link: (visitor: string) => Link | null): string {
  if (event.player_id !== null) return event.player_id;
  const visitor = visitorOf(event.visitor_id ?? "");
  return link(visitor)?.player_id ?? visitor;
}
