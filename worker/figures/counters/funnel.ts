/**
 * Which step of the funnel somebody took when, and how long after the one before. Each step is counted on its day, by its
 * own tag; and, where all steps before it were taken one behind the other, also by the day and tag of the visit. Under a
 * filter by the step's own day count the steps that fit it, and by the day of the visit all steps after a visit that does.
 */
import { EVERYBODY } from "../changes.ts";
import { fitting, type Scope, scopeCode } from "../scopes.ts";
import { type MilestoneName, wayAt } from "../state.ts";
import { DEPOSIT, REGISTRATION, VISIT } from "../words.ts";
import type { Turn } from "./index.ts";

/** Each step is a milestone of the state. */
const FUNNEL_STEPS: readonly MilestoneName[] = ["visit", "registration", "deposit", "second_deposit"];

/** The milestones of each type, in their order: an event of the type reaches the first that its person has not reached. */
const MILESTONES_OF = new Map<number, readonly MilestoneName[]>([
  [VISIT, ["visit"]],
  [REGISTRATION, ["registration"]],
  [DEPOSIT, ["deposit", "second_deposit", "third_deposit"]],
]);

/** The line: counted by the step's own day, where `visit_date` is 0, or by the day of the visit. */
const stepLine = (step: number, visit_date: number): number => visit_date * FUNNEL_STEPS.length + step;
export const stepOf = (line: number) => ({
  step: line % FUNNEL_STEPS.length,
  visit_date: Math.floor(line / FUNNEL_STEPS.length),
});

/** The key of an elapsed time; null where it is not known. */
const elapsedKey = (elapsed: number | null): number => (elapsed === null ? 0 : elapsed + 1);
export const elapsedOf = (key: number): number | null => (key === 0 ? null : key - 1);

export function countFunnel({ state, event, tag, way, all, scopes, changes, sign }: Turn): void {
  const { milestones } = state;
  const name = MILESTONES_OF.get(event.event_type)?.find((candidate) => milestones[candidate] === null);
  if (name === undefined) return;
  milestones[name] = { at: event.at, date: event.date, way };
  const step = FUNNEL_STEPS.indexOf(name);
  if (step === -1) return;
  const before = step === 0 ? null : milestones[FUNNEL_STEPS[step - 1] as MilestoneName];
  const isNext = state.steps === step;
  if (isNext) state.steps++;
  const key = elapsedKey(before === null ? null : event.at - before.at);
  if (!changes) return;
  const add = (within: readonly Scope[], tagNumber: number, line: number) => {
    for (const { number } of within)
      for (const group of [EVERYBODY, tagNumber])
        changes.day(scopeCode(number, group), event.date).line("funnel", line).add(key, sign);
  };
  add(scopes, tag, stepLine(step, 0));
  const { visit } = milestones;
  if (!isNext || !visit) return;
  const first = wayAt(state, visit.way);
  add(fitting(all, first), first.banner_tag, stepLine(step, visit.date));
}
