/** The counters. Each reads the state before the event, and updates its part of the state. */
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

/** The next event of a person. */
export type Turn = {
  state: State;
  event: PersonEvent;
  /** The tag that the event counts for. */
  tag: number;
  /** The index of the event's way in `state.ways`. */
  way: number;
  /** Whether it is the first event of the person on its day. */
  newDay: boolean;
  /** The scopes in which the person counts, and those among them that the event fits. */
  all: readonly Scope[];
  scopes: readonly Scope[];
  /** Where counts are added; null to update only the state. */
  changes: Changes | null;
  /** 1 adds, -1 subtracts. */
  sign: 1 | -1;
};

type Counter = (turn: Turn) => void;

/** The order matters: a counter that looks at what was seen or paid before comes before the counter that changes it. */
export const COUNTERS: readonly Counter[] = [
  countFirsts,
  countCells,
  countMoney,
  countPayers,
  countReturns,
  countDepositors,
  countFunnel,
];
