/** What a person pays. */
import type { INCOME } from "../../money.ts";
import type { PersonEvent } from "../person-event.ts";
import { DEPOSIT, DEPOSITOR, NONE, PAYER, PURCHASE, PURCHASER } from "../words.ts";

const CODES: Record<(typeof INCOME)[number], { type: number; payers: number }> = {
  purchase: { type: PURCHASE, payers: PURCHASER },
  deposit: { type: DEPOSIT, payers: DEPOSITOR },
};
const PAYERS_BY_TYPE = new Map(Object.values(CODES).map(({ type, payers }) => [type, payers]));
const ALL_PAYERS: readonly number[] = [PAYER, ...PAYERS_BY_TYPE.values()];

export const isPayers = (code: number): boolean => ALL_PAYERS.includes(code);

type Paying = Pick<PersonEvent, "event_type" | "currency">;

export const pays = ({ event_type, currency }: Paying): boolean => currency !== NONE && PAYERS_BY_TYPE.has(event_type);

/** Among whom somebody counts who does this: nobody, or all who pay and those who pay in this way. */
export function payersOf(event: Paying): readonly number[] {
  const own = pays(event) ? PAYERS_BY_TYPE.get(event.event_type) : undefined;
  return own === undefined ? [] : [PAYER, own];
}
