/**
 * People and events of each day and hour by type and dimension. Each event counts; a person counts once for each day, hour,
 * type and value of a dimension. Whether the person has been counted already follows from what the state says of that day.
 */
import { type Changes, type DayChanges, EVERYBODY } from "../changes.ts";
import { type Scope, scopeCode } from "../scopes.ts";
import { type Seen, seenOf } from "../state.ts";
import { NONE, PAYER } from "../words.ts";
import { alike, cellKey, dimensionsOf, hourLine } from "./dimensions.ts";
import { payersOf, pays } from "./income.ts";
import type { Turn } from "./index.ts";

/** The name for any type; no event can have it as its type. */
const ANY = NONE;

/** The dimensions, as bits, in which the person has been counted for a type, for any type or as a payer: on this day and in this hour. */
type Counted = { event_type: number; day: number; hour: number; tagDay: number; tagHour: number };

const nothingYet = (event_type: number): Counted => ({ event_type, day: 0, hour: 0, tagDay: 0, tagHour: 0 });

function remember(counted: Counted, bits: number, sameHour: boolean, sameTag: boolean): void {
  counted.day |= bits;
  if (sameHour) counted.hour |= bits;
  if (!sameTag) return;
  counted.tagDay |= bits;
  if (sameHour) counted.tagHour |= bits;
}

export function countCells(turn: Turn): void {
  const { state, event, way, newDay, scopes, changes } = turn;
  if (newDay) state.seen = [];
  const now = seenOf(state, event, way);
  if (changes) for (const scope of scopes) countUnder(scope, now, turn, changes);
  const same = state.seen.find(
    (seen) => seen.way === way && seen.event_type === now.event_type && seen.currency === now.currency,
  );
  if (same) same.hour = now.hour;
  else state.seen.push(now);
}

function countUnder(scope: Scope, now: Seen, { state, event, tag, sign }: Turn, changes: Changes): void {
  const { event_type, hour } = now;
  const any = nothingYet(ANY);
  const ofType = nothingYet(event_type);
  const payers = payersOf(now).map(nothingYet);
  for (const seen of state.seen) {
    if (!scope.fits(seen)) continue;
    const bits = alike(seen, now);
    const sameHour = seen.hour === hour;
    const sameTag = seen.banner_tag === tag;
    remember(any, bits, sameHour, sameTag);
    const sameType = seen.event_type === event_type;
    if (sameType) remember(ofType, bits, sameHour, sameTag);
    if (payers.length > 0 && pays(seen))
      for (const payer of payers) if (sameType || payer.event_type === PAYER) remember(payer, bits, sameHour, sameTag);
  }
  const everybody = scopeCode(scope.number, EVERYBODY);
  const tagged = scopeCode(scope.number, tag);
  for (const counted of [any, ofType, ...payers]) {
    add(changes.day(everybody, event.date), true, now, counted, counted.day, counted.hour, sign);
    add(changes.day(tagged, event.date), false, now, counted, counted.tagDay, counted.tagHour, sign);
  }
}

function add(
  day: DayChanges,
  everybody: boolean,
  now: Seen,
  { event_type }: Counted,
  onDay: number,
  inHour: number,
  sign: 1 | -1,
): void {
  const cells = day.line("cells", event_type);
  const byHour = day.line("cells_by_hour", hourLine(event_type, now.hour));
  for (const { number, bit, field } of dimensionsOf(everybody, event_type)) {
    const key = cellKey(number, field === null ? NONE : now[field]);
    const people = (onDay & bit) === 0 ? sign : 0;
    if (field === null) day.line("counts", 0).add(event_type, people, sign);
    else cells.add(key, people, sign);
    byHour.add(key, (inHour & bit) === 0 ? sign : 0, sign);
  }
}
