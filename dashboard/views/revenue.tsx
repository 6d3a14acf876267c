import { useAnswer } from "../answers.ts";
import { GroupsPanel } from "../revenue/groups.tsx";
import { RevenuePanel } from "../revenue/panel.tsx";
import { revenue } from "../revenue/query.ts";
import type { Scope } from "../scope.ts";

/** What was paid, and paid back. The figures are of the same answer as the picture, and come with it. */
export function View({ scope }: { scope: Scope }) {
  const { data } = useAnswer(revenue(scope));
  return (
    <div class="panels">
      <RevenuePanel scope={scope} />
      {data && <GroupsPanel scope={scope} />}
    </div>
  );
}
