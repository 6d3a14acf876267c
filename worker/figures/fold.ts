/**
 * What a person adds to the figures is a function of that person's events in order. `fold` updates the state of a person by
 * events and counts what they add. So a history can be counted at once or in pieces with the same result, and it can be
 * subtracted: by counting it from the same state with the sign -1.
 */
import { DAY_MS } from "../time.ts";
import type { Changes } from "./changes.ts";
import { COUNTERS, type Turn } from "./counters/index.ts";
import type { PersonEvent } from "./person-event.ts";
import { fitting, NO_FILTERS, type Scope } from "./scopes.ts";
import { pair, placeOfWay, type State, wayAt } from "./state.ts";
import { DEPOSIT, NONE, REGISTRATION, VISIT, type Words } from "./words.ts";

export type Rules = {
  words: Words;
  /** For how many days an untagged event counts for the person's last tag. */
  attribution_days: number;
  /** In which scopes the person counts. */
  scopes: readonly Scope[];
};

/** The order of events of the same time: by the steps of the funnel, so that a step never comes before the one that it follows. */
const rank = (event_type: number): number => {
  const step = [VISIT, REGISTRATION, DEPOSIT].indexOf(event_type);
  return step === -1 ? 3 : step;
};

type Tagged = { event: PersonEvent; tag: number; way: number };

/** The events of the same time, each with the tag that it counts for. Events without a tag take the last tag among them. */
function tagged(state: State, moment: readonly PersonEvent[], { attribution_days, words }: Rules): Tagged[] {
  for (const { banner_tag, at } of moment) {
    if (banner_tag === NONE) continue;
    state.tag = banner_tag;
    state.tag_at = at;
  }
  const window = attribution_days * DAY_MS;
  const turns = moment.map((event) => {
    const inherited = state.tag_at > event.at - window ? state.tag : NONE;
    return { event, tag: event.banner_tag === NONE ? inherited : event.banner_tag, way: 0 };
  });
  if (turns.length > 1)
    turns.sort(
      (one, other) => rank(one.event.event_type) - rank(other.event.event_type) || words.compare(one.tag, other.tag),
    );
  for (const turn of turns) turn.way = placeOfWay(state, turn.event, turn.tag);
  return turns;
}

/** What a person's first events and their tags leave in the state. Among events of the same time the names of the tags decide. */
function touch(state: State, turns: readonly Tagged[], { attribution_days, words }: Rules): void {
  let first = turns[0] as Tagged;
  let least: Tagged | null = null;
  let most: Tagged | null = null;
  for (const turn of turns) {
    if (words.compare(turn.tag, first.tag) < 0) first = turn;
    if (turn.event.banner_tag === NONE) continue;
    if (least === null || words.compare(turn.tag, least.tag) < 0) least = turn;
    if (most === null || words.compare(turn.tag, most.tag) > 0) most = turn;
  }
  if (state.total === 0) {
    state.attribution_days = attribution_days;
    state.first_at = first.event.at;
    state.first_date = first.event.date;
    state.first_way = first.way;
  }
  if (least === null || most === null) return;
  state.first_touch ??= { at: least.event.at, date: least.event.date, way: least.way };
  state.last_touch = { at: most.event.at, date: most.event.date, way: most.way };
}

/**
 * Updates `state` by `events`, which are in order and later than its last event, and adds what they count to `changes`, or
 * subtracts it. Events of the same time must come in one call. Without `changes` only the state is updated.
 */
export function fold(
  state: State,
  events: readonly PersonEvent[],
  rules: Rules,
  changes: Changes | null,
  sign: 1 | -1 = 1,
): void {
  for (let from = 0; from < events.length; ) {
    const { at } = events[from] as PersonEvent;
    let to = from + 1;
    while (events[to]?.at === at) to++;
    const turns = tagged(state, events.slice(from, to), rules);
    touch(state, turns, rules);
    for (const { event, tag, way } of turns) {
      const scopes = changes ? fitting(rules.scopes, wayAt(state, way)) : NO_FILTERS;
      const newDay = state.total === 0 || state.date !== event.date;
      const turn: Turn = { state, event, tag, way, newDay, all: rules.scopes, scopes, changes, sign };
      for (const count of COUNTERS) count(turn);
      const what = pair(event.event_type, event.app_id);
      state.did.set(what, (state.did.get(what) ?? 0) + 1);
      state.total++;
      state.at = at;
      state.date = event.date;
    }
    from = to;
  }
}
