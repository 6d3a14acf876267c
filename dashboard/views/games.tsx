/** The apps today, and who has scored most in one of them. */
import { KpisPanel } from "../games/kpis.tsx";
import { LeaderboardPanel } from "../games/leaderboard.tsx";
import type { Scope } from "../scope.ts";

export const View = ({ scope }: { scope: Scope }) => (
  <div class="panels">
    <KpisPanel scope={scope} />
    <LeaderboardPanel scope={scope} />
  </div>
);
