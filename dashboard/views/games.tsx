/** Today's figures of the apps, and the highest scores in one of them. */
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
      {/* The number of apps decides its position, so it is shown after their answer. */}
      {(data !== undefined || error) && <LeaderboardPanel scope={scope} />}
    </div>
  );
}
