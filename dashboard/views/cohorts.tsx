/** People by the date of their first visit: who comes back, and what they are worth. */
import { useAmounts } from "../amounts.ts";
import { useAnswer } from "../answers.ts";
import { comparedCohorts } from "../cohorts/compared.ts";
import { RetentionPanel } from "../cohorts/panel.tsx";
import { ValuePanel } from "../cohorts/value.tsx";
import { LtvPanel } from "../ltv/panel.tsx";
import type { Scope } from "../scope.ts";

/** The number of cohorts is known only from the answer. The panels below are shown after it, so that nothing moves. */
export function View({ scope }: { scope: Scope }) {
  const { data, error } = useAnswer(comparedCohorts(scope));
  const amounts = useAmounts();
  return (
    <div class="panels">
      <RetentionPanel scope={scope} />
      {amounts && data && <ValuePanel scope={scope} />}
      {amounts && (data || error) && <LtvPanel scope={scope} />}
    </div>
  );
}
