/**
 * People by the days on which they paid, each with the day before it under the same tag, as in `returns`: of all payments, of
 * purchases and of deposits. What has no amount is no payment.
 */
import { EVERYBODY } from "../changes.ts";
import { lastDay } from "../last-day.ts";
import { scopeCode } from "../scopes.ts";
import { wayAt } from "../state.ts";
import { paidOn, payersOf } from "./income.ts";
import type { Turn } from "./index.ts";

export function countPayers({ state, event, tag, way, scopes, changes, sign }: Turn): void {
  const { date } = event;
  const payers = payersOf(event);
  if (changes)
    for (const among of payers)
      for (const scope of scopes) {
        const { ever, tagged } = lastDay(state, scope, tag, paidOn(among));
        const add = (under: number, before: number) =>
          changes.day(scopeCode(scope.number, under), date).line("payers", among).add(before, sign);
        if (ever < date) add(EVERYBODY, ever);
        if (tagged < date) add(tag, tagged);
      }
  const last = payers.at(-1);
  if (last !== undefined) for (const day of paidOn(last)) wayAt(state, way)[day] = date;
}
