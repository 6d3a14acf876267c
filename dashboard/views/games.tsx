/** The apps today, and who has scored most in one of them. */
import { useAnswer } from "../answers.ts";
import { KpisPanel } from "../games/kpis.tsx";
import { LeaderboardPanel } from "../games/leaderboard.tsx";
import { kpis } from "../games/query.ts";
import type { Scope } from "../scope.ts";

export function View({ scope }: { scope: Scope }) {
  const { data, error } = useAnswer(kpis(scope));
  return (
    <div class="panels">
      <KpisPanel scope={scope} />
      {/* How many apps there are says where it stands. */}
      {(data !== undefined || error) && <LeaderboardPanel scope={scope} />}
    </div>
  );
}
