/** The counters. A counter reads the state as it was before the event, and updates its own part of the state. */
import type { Changes } from "../changes.ts";
import type { PersonEvent } from "../person-event.ts";
import type { Scope } from "../scopes.ts";
import type { State } from "../state.ts";
import { countCells } from "./cells.ts";
import { countDepositors } from "./depositors.ts";
import { countFirsts } from "./firsts.ts";
import { countFunnel } from "./funnel.ts";
import { countMoney } from "./money.ts";
import { countPayers } from "./payers.ts";
import { countReturns } from "./returns.ts";

/** One event at the end of a person's history. */
export type Turn = {
  state: State;
  event: PersonEvent;
  /** The tag that the event counts for. */
  tag: number;
  /** The place of its way among those of the state. */
  way: number;
  /** Whether it is the person's first event of its day. */
  newDay: boolean;
  /** In which scopes the person counts, and those of them that the event fits. */
  all: readonly Scope[];
  scopes: readonly Scope[];
  /** Where it is counted; null where only the state is wanted. */
  changes: Changes | null;
  /** Whether it is counted, or taken out. */
  sign: 1 | -1;
};

type Counter = (turn: Turn) => void;

/** In this order: others look at what has been seen before, at who has paid before, and at milestones that the funnel sets. */
export const COUNTERS: readonly Counter[] = [
  countFirsts,
  countCells,
  countMoney,
  countPayers,
  countReturns,
  countDepositors,
  countFunnel,
];
