import { useAnswer } from "../answers.ts";
import { GroupsPanel } from "../revenue/groups.tsx";
import { RevenuePanel } from "../revenue/panel.tsx";
import { revenue } from "../revenue/query.ts";
import type { Scope } from "../scope.ts";

/** Payments and refunds. The figures are from the same answer as the chart, and arrive with it. */
export function View({ scope }: { scope: Scope }) {
  const { data } = useAnswer(revenue(scope));
  return (
    <div class="panels">
      <RevenuePanel scope={scope} />
      {data && <GroupsPanel scope={scope} />}
    </div>
  );
}
