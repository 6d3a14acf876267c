/** What a person pays. */
import type { INCOME } from "../../money.ts";
import type { PersonEvent } from "../person-event.ts";
import { type State, unpair } from "../state.ts";
import { DEPOSIT, NONE, PURCHASE } from "../words.ts";

const CODES: Record<(typeof INCOME)[number], number> = { purchase: PURCHASE, deposit: DEPOSIT };
const TYPES: readonly number[] = Object.values(CODES);

export const pays = ({ event_type, currency }: Pick<PersonEvent, "event_type" | "currency">): boolean =>
  currency !== NONE && TYPES.includes(event_type);

export const hasPaid = ({ money }: State): boolean => [...money.keys()].some((what) => TYPES.includes(unpair(what)[0]));
