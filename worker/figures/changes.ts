/** The sums that a run adds to the figures of days or subtracts from them. */
import { PART_NAMES, PARTS, type PartName } from "./parts.ts";
import { Tally } from "./tally.ts";

/** The number for all tags together; every tag has a different number. */
export const EVERYBODY = -1;

const NUMBERS = Object.fromEntries(PART_NAMES.map((name, number) => [name, number])) as Record<PartName, number>;

/** One number for a part and one of its lines. Stored rows contain it, so it must never change. */
export const lineNumber = (part: PartName, line: number): number => line * 16 + NUMBERS[part];
export const lineOf = (number: number): { part: PartName; line: number } => ({
  part: PART_NAMES[number % 16] as PartName,
  line: Math.floor(number / 16),
});
export const columnOf = (number: number) => PARTS[lineOf(number).part].column;
export const widthOf = (number: number) => PARTS[lineOf(number).part].sums;

/** The lines of one day of one scope. */
export class DayChanges {
  readonly lines = new Map<number, Tally>();

  line(part: PartName, line: number): Tally {
    const number = lineNumber(part, line);
    let tally = this.lines.get(number);
    if (tally === undefined) {
      tally = new Tally();
      this.lines.set(number, tally);
    }
    return tally;
  }
}

/** By scope (see `scopeCode`) and date, in days since 1970. */
export class Changes {
  readonly scopes = new Map<number, Map<number, DayChanges>>();

  day(scope: number, date: number): DayChanges {
    let dates = this.scopes.get(scope);
    if (dates === undefined) {
      dates = new Map();
      this.scopes.set(scope, dates);
    }
    let day = dates.get(date);
    if (day === undefined) {
      day = new DayChanges();
      dates.set(date, day);
    }
    return day;
  }
}
