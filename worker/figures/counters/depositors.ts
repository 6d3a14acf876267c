/**
 * People by the days on which they deposited. Each such day is counted together with the last day before it on which they
 * deposited under the same tag, as in `returns`; where there is none, together with the day of their first deposit under any
 * tag; and the first deposit itself together with the day of their registration.
 */
import { EVERYBODY } from "../changes.ts";
import { lastDay } from "../last-day.ts";
import { fitting, scopeCode } from "../scopes.ts";
import { wayAt } from "../state.ts";
import { DEPOSIT, REGISTRATION } from "../words.ts";
import type { Turn } from "./index.ts";

/** The lines say what the date in the key means. The key 0 means that there is no such day. */
export const DEPOSITOR_LINES = { previous: 0, first: 1, registration: 2 } as const;

export function countDepositors(turn: Turn): void {
  if (turn.event.event_type === DEPOSIT) countDeposit(turn);
  else if (turn.event.event_type === REGISTRATION) countRegistration(turn);
}

function countDeposit({ state, event, tag, way, scopes, changes, sign }: Turn): void {
  const { date } = event;
  const { deposit, registration } = state.milestones;
  if (changes)
    for (const scope of scopes) {
      const { ever, tagged } = lastDay(state, scope, tag, ["deposited_on"]);
      for (const { under, before } of [
        { under: EVERYBODY, before: ever },
        { under: tag, before: tagged },
      ]) {
        if (before >= date) continue;
        const day = changes.day(scopeCode(scope.number, under), date);
        if (before !== 0) day.line("depositors", DEPOSITOR_LINES.previous).add(before, sign);
        else if (deposit !== null) day.line("depositors", DEPOSITOR_LINES.first).add(deposit.date, sign);
        else day.line("depositors", DEPOSITOR_LINES.registration).add(registration?.date ?? 0, sign);
      }
    }
  wayAt(state, way).deposited_on = date;
}

/** A person who deposits before they register is first counted without a registration: its day comes later. */
function countRegistration({ state, event, all, changes, sign }: Turn): void {
  const { deposit, registration } = state.milestones;
  if (registration !== null || deposit === null || !changes) return;
  const way = wayAt(state, deposit.way);
  for (const { number } of fitting(all, way))
    for (const tag of [EVERYBODY, way.banner_tag]) {
      const line = changes.day(scopeCode(number, tag), deposit.date).line("depositors", DEPOSITOR_LINES.registration);
      line.add(0, -sign);
      line.add(event.date, sign);
    }
}
