/**
 * People by the days on which they paid, each with the day before it under the same tag, as in `returns`: of all payments, of
 * purchases and of deposits. What has no amount is no payment.
 */
import { EVERYBODY } from "../changes.ts";
import { pair } from "../state.ts";
import { payersOf } from "./income.ts";
import type { Turn } from "./index.ts";

export function countPayers({ state, event, tag, changes, sign }: Turn): void {
  const { date } = event;
  for (const payers of payersOf(event)) {
    const underTag = pair(payers, tag);
    const places = [
      { scope: EVERYBODY, before: state.paid_on.get(payers) ?? 0 },
      { scope: tag, before: state.paid_by_tag.get(underTag) ?? 0 },
    ];
    state.paid_on.set(payers, date);
    state.paid_by_tag.set(underTag, date);
    for (const { scope, before } of places)
      if (before !== date) changes?.day(scope, date).line("payers", payers).add(before, sign);
  }
}
