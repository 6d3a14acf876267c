/**
 * Distinct people of a period. Rows have each active day of a person with the active day before it. A person is counted on
 * their first active day in the period: the active day before it is before the period.
 */
import { DEPOSITOR_LINES } from "../../figures/counters/depositors.ts";
import { entriesOf } from "../../figures/day-texts.ts";
import { dateNumber } from "../../figures/edits.ts";
import type { Period } from "../period.ts";

/** People with any event, from the row of one day of the period. */
export function activeIn(life: string, { from }: Period): number {
  const first = dateNumber(from);
  let people = 0;
  for (const { key, sums } of entriesOf(life, "returns")) if (key < first) people += sums[0];
  return people;
}

export type Depositors = Record<"depositors" | "returning_depositors" | "first_deposits" | "new_depositors", number>;

/** People who deposited, from the row of one day of the period. */
export function depositorsIn(life: string, { from, to }: Period): Depositors {
  const [first, last] = [dateNumber(from), dateNumber(to)];
  const found: Depositors = { depositors: 0, returning_depositors: 0, first_deposits: 0, new_depositors: 0 };
  for (const { line, key, sums } of entriesOf(life, "depositors")) {
    const [people] = sums;
    if (line === DEPOSITOR_LINES.previous && key >= first) continue;
    found.depositors += people;
    if (line === DEPOSITOR_LINES.registration) {
      found.first_deposits += people;
      if (key >= first && key <= last) found.new_depositors += people;
    } else if (key < first) found.returning_depositors += people;
  }
  return found;
}
