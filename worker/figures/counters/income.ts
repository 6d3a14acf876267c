/** The payments of a person. */
import type { INCOME } from "../../money.ts";
import type { PersonEvent } from "../person-event.ts";
import type { LastDay, Way } from "../state.ts";
import { DEPOSIT, DEPOSITOR, NONE, PAYER, PURCHASE, PURCHASER } from "../words.ts";

type Income = { type: number; payers: number; day: LastDay };
const INCOMES = Object.values({
  purchase: { type: PURCHASE, payers: PURCHASER, day: "paid_purchase_on" },
  deposit: { type: DEPOSIT, payers: DEPOSITOR, day: "paid_deposit_on" },
} satisfies Record<(typeof INCOME)[number], Income>);

const PAYERS_BY_TYPE = new Map<number, number>(INCOMES.map(({ type, payers }) => [type, payers]));
/** For each group of payers the days of a way on which they paid: by anything, or by one kind of payment. */
const DAYS = new Map<number, readonly LastDay[]>([
  [PAYER, INCOMES.map(({ day }) => day)],
  ...INCOMES.map(({ payers, day }): [number, LastDay[]] => [payers, [day]]),
]);

export const isPayers = (code: number): boolean => DAYS.has(code);
export const paidOn = (payers: number): readonly LastDay[] => DAYS.get(payers) ?? [];
export const hasPaid = (way: Way): boolean => paidOn(PAYER).some((day) => way[day] > 0);

type Paying = Pick<PersonEvent, "event_type" | "currency">;

export const pays = ({ event_type, currency }: Paying): boolean => currency !== NONE && PAYERS_BY_TYPE.has(event_type);

/** The groups of payers that an event puts its person into: none, or all payers and those who pay in this way. */
export function payersOf(event: Paying): readonly number[] {
  const payer = pays(event) ? PAYERS_BY_TYPE.get(event.event_type) : undefined;
  return payer === undefined ? [] : [PAYER, payer];
}
