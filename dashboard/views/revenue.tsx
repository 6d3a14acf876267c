import { GroupsPanel } from "../revenue/groups.tsx";
import { RevenuePanel } from "../revenue/panel.tsx";
import type { Scope } from "../scope.ts";

/** What was paid, and paid back. */
export const View = ({ scope }: { scope: Scope }) => (
  <div class="panels">
    <RevenuePanel scope={scope} />
    <GroupsPanel scope={scope} />
  </div>
);
