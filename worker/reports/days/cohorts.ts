/** People by their first day: on which days they came back, and what they have paid since, from rows of days. */
import { type DaysAsked, dateOf, entriesOf, readDayTexts } from "../../figures/day-texts.ts";
import { dateNumber } from "../../figures/edits.ts";
import { unpair } from "../../figures/state.ts";
import { PAYMENT_TYPES, type PaymentType } from "../../money.ts";
import type { Period } from "../period.ts";
import { byTag, type DaysScope, together } from "./scope.ts";
import type { Paid } from "./sums.ts";

/** The tag of their first day; `''` where cohorts are not grouped by tag. */
type Begun = { first_date: string; tag: string };

export type CohortDays = {
  /** How many people were active, by the number of days after their first day. */
  first_days: (Begun & { active: Map<number, number> })[];
  paid: (Begun & Paid & { event_type: PaymentType })[];
  paying: (Begun & { people: number })[];
};

const isPayment = (name: string): name is PaymentType => (PAYMENT_TYPES as readonly string[]).includes(name);

/**
 * For people whose first day is in the period. One database call, which also reads all later days: returns and payments are
 * in the rows of the days on which they happened.
 */
export async function cohortsOfDays(
  db: D1Database,
  scope: DaysScope,
  { from, to }: Period,
  grouped: boolean,
): Promise<CohortDays> {
  const asked = {
    from,
    to: null,
    wanted: grouped ? byTag(scope) : together(scope),
    columns: ["life"],
  } as const satisfies DaysAsked<"life">;
  const [{ words, rows }] = await readDayTexts(db, scope, [asked]);
  const [first, last] = [dateNumber(from), dateNumber(to)];
  const begins = (date: number) => date >= first && date <= last;
  const first_days = new Map<string, Begun & { active: Map<number, number> }>();
  const found: CohortDays = { first_days: [], paid: [], paying: [] };
  for (const { tag, date, event_date, life } of rows) {
    const cohortTag = grouped ? (tag ?? "") : "";
    for (const { key, sums } of entriesOf(life, "retained")) {
      if (!begins(key)) continue;
      const name = `${key} ${cohortTag}`;
      const begun = first_days.get(name) ?? {
        first_date: dateOf(key),
        tag: cohortTag,
        active: new Map<number, number>(),
      };
      first_days.set(name, begun);
      begun.active.set(date - key, (begun.active.get(date - key) ?? 0) + sums[0]);
    }
    for (const { line, key, sums } of entriesOf(life, "cohort_money")) {
      const [event_type = "", currency = ""] = unpair(key).map((code) => words.name(code));
      if (!begins(line) || !isPayment(event_type)) continue;
      const [payments, whole, fraction] = sums;
      const begun = { first_date: dateOf(line), tag: cohortTag };
      found.paid.push({ ...begun, event_date, event_type, currency, payments, whole, fraction });
    }
    for (const { key, sums } of entriesOf(life, "first_payers"))
      if (begins(key)) found.paying.push({ first_date: dateOf(key), tag: cohortTag, people: sums[0] });
  }
  found.first_days.push(...first_days.values());
  return found;
}
