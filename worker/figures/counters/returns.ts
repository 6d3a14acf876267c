/**
 * How people come back: each active day with the one before it, over all tags and under each, so that distinct people
 * of any period are a sum; and how many are active again a given number of days after the first.
 */
import { EVERYBODY } from "../changes.ts";
import { lastDay } from "../last-day.ts";
import { fitting, scopeCode } from "../scopes.ts";
import { wayAt } from "../state.ts";
import type { Turn } from "./index.ts";

/** The days after the first on which active people are counted; 0 is the cohort itself. */
export const RETENTION_DAYS = [0, 1, 3, 7, 14, 30, 60, 90] as const;
const OFFSETS: ReadonlySet<number> = new Set(RETENTION_DAYS);

export function countReturns(turn: Turn): void {
  const { state, event, tag, way, scopes, changes, sign } = turn;
  const { date } = event;
  if (changes)
    for (const scope of scopes) {
      const { ever, tagged } = lastDay(state, scope, tag, ["active_on"]);
      if (ever < date) changes.day(scopeCode(scope.number, EVERYBODY), date).line("returns", 0).add(ever, sign);
      if (tagged < date) changes.day(scopeCode(scope.number, tag), date).line("returns", 0).add(tagged, sign);
    }
  wayAt(state, way).active_on = date;
  if (turn.newDay) countRetained(turn);
}

/** Under the filters that the first event fits, and by its tag. */
function countRetained({ state, event: { date }, all, changes, sign }: Turn): void {
  if (!changes || !OFFSETS.has(date - state.first_date)) return;
  const first = wayAt(state, state.first_way);
  for (const { number } of fitting(all, first))
    for (const tag of [EVERYBODY, first.banner_tag])
      changes.day(scopeCode(number, tag), date).line("retained", 0).add(state.first_date, sign);
}
