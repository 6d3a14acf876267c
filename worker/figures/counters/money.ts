/** Amounts of each day and hour by type, currency and dimension, and by the day on which people were first here. */
import { UNITS } from "../../money.ts";
import { type DayChanges, EVERYBODY } from "../changes.ts";
import type { PersonEvent } from "../person-event.ts";
import { fitting, scopeCode } from "../scopes.ts";
import { pair, wayAt } from "../state.ts";
import { NONE } from "../words.ts";
import { cellKey, dimensionsOf, hourLine } from "./dimensions.ts";
import { hasPaid, pays } from "./income.ts";
import type { Turn } from "./index.ts";

export function countMoney({ state, event, tag, all, scopes, changes, sign }: Turn): void {
  const { event_type, currency, amount, date } = event;
  if (currency === NONE) return;
  const whole = Math.floor(amount / UNITS);
  const fraction = amount % UNITS;
  const what = pair(event_type, currency);
  const firstPayment = pays(event) && !state.ways.some(hasPaid);
  const sum = state.money.get(what) ?? { payments: 0, whole: 0, fraction: 0 };
  state.money.set(what, {
    payments: sum.payments + 1,
    whole: sum.whole + whole + Math.floor((sum.fraction + fraction) / UNITS),
    fraction: (sum.fraction + fraction) % UNITS,
  });
  if (!changes) return;
  const sums = [sign, sign * whole, sign * fraction] as const;
  for (const { number } of scopes)
    for (const under of [EVERYBODY, tag])
      addSums(changes.day(scopeCode(number, under), date), under === EVERYBODY, event, tag, what, sums);
  // Under the filters that the first event fits, and by its tag.
  const first = wayAt(state, state.first_way);
  for (const { number } of fitting(all, first))
    for (const under of [EVERYBODY, first.banner_tag]) {
      const day = changes.day(scopeCode(number, under), date);
      day.line("cohort_money", state.first_date).add(what, ...sums);
      if (firstPayment) day.line("first_payers", 0).add(state.first_date, sign);
    }
}

function addSums(
  day: DayChanges,
  everybody: boolean,
  event: PersonEvent,
  tag: number,
  what: number,
  sums: readonly [number, number, number],
): void {
  const ofDay = day.line("money", what);
  const ofHour = day.line("money_by_hour", hourLine(what, event.hour));
  for (const { number, field } of dimensionsOf(everybody, event.event_type)) {
    const value = field === null ? NONE : field === "banner_tag" ? tag : event[field];
    ofDay.add(cellKey(number, value), ...sums);
    ofHour.add(cellKey(number, value), ...sums);
  }
}
