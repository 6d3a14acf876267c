/** The cohorts, and those of the compared period. */
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import { answerFor, type Query } from "../answers.ts";
import { comparisonOf } from "../campaigns/comparison.tsx";
import { campaigns } from "../campaigns/query.ts";
import type { Scope } from "../scope.ts";
import { type Cohorts, cohorts } from "./query.ts";

export type Held = { current: Cohorts; earlier: Cohorts; called: string };
export type ComparedCohorts = Cohorts & { campaigns?: Campaigns; held?: Held };

/** Both are one request: the comparison arrives with the figures, so that nothing moves. */
export function comparedCohorts(scope: Scope): Query<ComparedCohorts> {
  const { key, ask } = cohorts(scope);
  if (scope.address.compare === "none") return { key, ask };
  const comparison = campaigns(scope);
  return {
    key: `${key} ${comparison.key}`,
    ask: async (signal) => {
      // If the compared days fail, the cohorts are still shown.
      const compared = answerFor(comparison, signal).catch(() => undefined);
      const data = await ask(signal);
      const found = await compared;
      const called = found && comparisonOf(found, scope)?.called;
      const before = found?.compared_days?.previous ?? found?.previous_period;
      if (!called || !before) return { ...data, ...(found && { campaigns: found }) };
      const [current, earlier] = await Promise.all([
        found.compared_days ? cohorts(scope, found.compared_days).ask(signal) : data,
        cohorts(scope, before).ask(signal),
      ]);
      return { ...data, campaigns: found, held: { current, earlier, called } };
    },
  };
}
