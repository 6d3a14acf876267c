/**
 * People by the days on which they deposited, each with the day before it under the same tag, as in `returns`. Where there
 * is none, with the day of their first deposit ever; and at that first deposit itself, with the day of their registration.
 */
import { EVERYBODY } from "../changes.ts";
import { DEPOSIT, REGISTRATION } from "../words.ts";
import type { Turn } from "./index.ts";

/** The lines: what the key, a date, is. 0 as a key: no such day. */
export const DEPOSITOR_LINES = { previous: 0, first: 1, registration: 2 } as const;

export function countDepositors(turn: Turn): void {
  if (turn.event.event_type === DEPOSIT) countDeposit(turn);
  else if (turn.event.event_type === REGISTRATION) countRegistration(turn);
}

function countDeposit({ state, event, tag, changes, sign }: Turn): void {
  const { date } = event;
  const { deposit, registration } = state.milestones;
  const places = [
    { scope: EVERYBODY, before: state.deposited_on },
    { scope: tag, before: state.deposited_by_tag.get(tag) ?? 0 },
  ];
  state.deposited_on = date;
  state.deposited_by_tag.set(tag, date);
  if (!changes) return;
  for (const { scope, before } of places) {
    if (before === date) continue;
    const day = changes.day(scope, date);
    if (before !== 0) day.line("depositors", DEPOSITOR_LINES.previous).add(before, sign);
    else if (deposit !== null) day.line("depositors", DEPOSITOR_LINES.first).add(deposit.date, sign);
    else day.line("depositors", DEPOSITOR_LINES.registration).add(registration?.date ?? 0, sign);
  }
}

/** Who deposits before they register is counted without a registration first: its day comes later. */
function countRegistration({ state, event, changes, sign }: Turn): void {
  const { deposit, registration } = state.milestones;
  if (registration !== null || deposit === null || !changes) return;
  for (const scope of [EVERYBODY, deposit.tag]) {
    const line = changes.day(scope, deposit.date).line("depositors", DEPOSITOR_LINES.registration);
    line.add(0, -sign);
    line.add(event.date, sign);
  }
}
