/** The outcome of every event in the log, including those that no figure counts. */
import { HOUR_MS } from "../time.ts";
import { type Changes, EVERYBODY } from "./changes.ts";
import type { CountedEvent } from "./counted-event.ts";
import { dateNumber } from "./edits.ts";
import { pair, unpair } from "./state.ts";
import { NONE, type Words } from "./words.ts";

export const OUTCOMES = ["counted", "test", "duplicate", "bot"] as const;
export type EventOutcome = (typeof OUTCOMES)[number];

/** Counted in addition to the outcomes: events that counted at first and are duplicates now. */
export const SUPERSEDED = "superseded";

/** By number; stored rows contain these numbers. */
const NAMES = [...OUTCOMES, SUPERSEDED] as const;
type Name = (typeof NAMES)[number];

const outcomeLine = (outcome: Name, reason: number): number => pair(reason, NAMES.indexOf(outcome));
export const outcomeOfLine = (line: number) => {
  const [reason, outcome] = unpair(line);
  return { outcome: NAMES[outcome], reason };
};

/** The first that applies: a test event of a bot is a test, and a bot's repeated transaction is a bot's event. */
const outcomeOf = ({ test, bot, duplicate_of }: CountedEvent): Name =>
  test === 1 ? "test" : bot !== null ? "bot" : duplicate_of !== null ? "duplicate" : "counted";

function count(changes: Changes, event: CountedEvent, outcome: Name, reason: number): void {
  const day = changes.day(EVERYBODY, dateNumber(event.event_date));
  day.line("outcomes", outcomeLine(outcome, reason)).add(Math.floor(event.received_at / HOUR_MS), 1);
}

export const countOutcome = (changes: Changes, event: CountedEvent, words: Words): void =>
  count(changes, event, outcomeOf(event), event.test === 0 ? words.code(event.bot) : NONE);

/** The event counted at first and repeats a trusted event now. Counts of outcomes never go down, so this is counted in addition. */
export const countSuperseded = (changes: Changes, event: CountedEvent): void => count(changes, event, SUPERSEDED, NONE);
