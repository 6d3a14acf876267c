/** Which steps of the funnel people took, and how long after the step before, from rows of days. */
import { elapsedOf, stepOf } from "../../figures/counters/funnel.ts";
import { type DaysAsked, entriesOf, readDayTexts } from "../../figures/day-texts.ts";
import { dateNumber } from "../../figures/edits.ts";
import type { Period } from "../period.ts";
import { byTag, type DaysScope, together } from "./scope.ts";

type Asked = {
  /** By the day of the first visit, with all steps that followed it since; or by the day of each step. */
  by: "visit_date" | "event_date";
  /** A row for each tag and step. */
  grouped: boolean;
};

/** How many people took `elapsed` milliseconds. */
export type Elapsed = { elapsed: number; people: number };

export type Step = {
  banner_tag: string | null;
  step: number;
  players: number;
  /** The shortest first; only people who had taken the step before. */
  times: Elapsed[];
};

/** One database call. */
export async function stepsOfDays(
  db: D1Database,
  scope: DaysScope,
  { from, to }: Period,
  { by, grouped }: Asked,
): Promise<Step[]> {
  const byVisit = by === "visit_date";
  const asked = {
    from,
    to: byVisit ? null : to,
    wanted: grouped ? byTag(scope) : together(scope),
    columns: ["life"],
  } as const satisfies DaysAsked<"life">;
  const [{ rows }] = await readDayTexts(db, scope, [asked]);
  const [first, last] = [dateNumber(from), dateNumber(to)];
  const isAsked = (visited: number) => (byVisit ? visited >= first && visited <= last : visited === 0);
  /** By tag, then step: people by the milliseconds since the step before; null is an unknown time. */
  const taken = new Map<string | null, Map<number, Map<number | null, number>>>();
  for (const { tag, life } of rows)
    for (const { line, key, sums } of entriesOf(life, "funnel")) {
      const { step, visit_date } = stepOf(line);
      if (!isAsked(visit_date)) continue;
      const name = grouped ? tag : null;
      const steps = taken.get(name) ?? new Map<number, Map<number | null, number>>();
      const times = steps.get(step) ?? new Map<number | null, number>();
      const elapsed = elapsedOf(key);
      taken.set(name, steps.set(step, times.set(elapsed, (times.get(elapsed) ?? 0) + sums[0])));
    }
  return [...taken].flatMap(([banner_tag, steps]) =>
    [...steps].map(([step, times]) => stepRow(banner_tag, step, times)),
  );
}

function stepRow(banner_tag: string | null, step: number, taken: ReadonlyMap<number | null, number>): Step {
  const times = [...taken].flatMap(([elapsed, people]) => (elapsed === null ? [] : [{ elapsed, people }]));
  return {
    banner_tag,
    step,
    players: [...taken.values()].reduce((sum, people) => sum + people, 0),
    times: times.sort((one, other) => one.elapsed - other.elapsed),
  };
}
