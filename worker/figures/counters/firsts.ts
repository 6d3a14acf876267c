/**
 * People who are active on their first day, and people who deposit on the day of their first deposit. Each counts once, and
 * once for each app. Under a tag or a filter only events that fit it are looked at; the first deposit must fit it, too.
 */
import { EVERYBODY } from "../changes.ts";
import { type Scope, scopeCode } from "../scopes.ts";
import { type Seen, wayAt } from "../state.ts";
import { DEPOSIT, NONE } from "../words.ts";
import { APP_ID, cellKey, UNDIVIDED } from "./dimensions.ts";
import type { Turn } from "./index.ts";

/** The lines: people with their first day, and people with their first deposit. */
export const FIRST_LINES = { day: 0, deposit: 1 } as const;

export function countFirsts(turn: Turn): void {
  const { state, event, tag, scopes } = turn;
  if (state.first_date === event.date)
    for (const scope of scopes) for (const under of [EVERYBODY, tag]) add(turn, scope, under, FIRST_LINES.day);
  if (event.event_type !== DEPOSIT) return;
  const { deposit } = state.milestones;
  if (deposit !== null && deposit.date !== event.date) return;
  const first = wayAt(state, deposit?.way ?? turn.way);
  for (const scope of scopes) {
    if (!scope.fits(first)) continue;
    add(turn, scope, EVERYBODY, FIRST_LINES.deposit);
    if (first.banner_tag === tag) add(turn, scope, tag, FIRST_LINES.deposit);
  }
}

function add({ state, event, newDay, changes, sign }: Turn, scope: Scope, under: number, line: number): void {
  if (!changes) return;
  const isAlike = (seen: Seen) =>
    (under === EVERYBODY || seen.banner_tag === under) &&
    (line === FIRST_LINES.day || seen.event_type === DEPOSIT) &&
    scope.fits(seen);
  const before = newDay ? [] : state.seen.filter(isAlike);
  const firsts = changes.day(scopeCode(scope.number, under), event.date).line("firsts", line);
  if (before.length === 0) firsts.add(cellKey(UNDIVIDED, NONE), sign);
  if (!before.some(({ app_id }) => app_id === event.app_id)) firsts.add(cellKey(APP_ID, event.app_id), sign);
}
