/**
 * The steps of the funnel: when a person took each, and how long after the step before. A step is counted on its day, by its
 * tag. If the person took all earlier steps in order, it is also counted by the day and tag of the visit. Under a filter, the
 * first count has the steps that fit the filter, the second has all steps after a visit that fits it.
 */
import { EVERYBODY } from "../changes.ts";
import { fitting, type Scope, scopeCode } from "../scopes.ts";
import { type MilestoneName, wayAt } from "../state.ts";
import { DEPOSIT, REGISTRATION, VISIT } from "../words.ts";
import type { Turn } from "./index.ts";

/** Each step is one of the milestones in the state. */
const FUNNEL_STEPS: readonly MilestoneName[] = ["visit", "registration", "deposit", "second_deposit"];

/** The milestones of each type, in order: an event of the type reaches the first that the person has not reached yet. */
const MILESTONES_OF = new Map<number, readonly MilestoneName[]>([
  [VISIT, ["visit"]],
  [REGISTRATION, ["registration"]],
  [DEPOSIT, ["deposit", "second_deposit", "third_deposit"]],
]);

/** The line: by the day of the step, where `visit_date` is 0, or by the day of the visit. */
const stepLine = (step: number, visit_date: number): number => visit_date * FUNNEL_STEPS.length + step;
export const stepOf = (line: number) => ({
  step: line % FUNNEL_STEPS.length,
  visit_date: Math.floor(line / FUNNEL_STEPS.length),
});

/** The key of an elapsed time; null is an unknown time. */
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
