/** The places of one leaderboard: the top, or those around a player. */
import { may } from "../../worker/http/principal.ts";
import type { LeaderboardEntry } from "../../worker/reports/leaderboard.ts";
import { useAnswer } from "../answers.ts";
import { exact } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { leaderboard } from "./query.ts";

const columnsFor = (sought?: string): readonly Column<LeaderboardEntry>[] => [
  { name: "rank", title: "Rank", kind: "count" },
  {
    name: "player_id",
    title: "Player",
    kind: "text",
    show: ({ player_id }) =>
      player_id === sought ? (
        <>
          <strong>{player_id}</strong> <span class="badge">sought</span>
        </>
      ) : (
        player_id
      ),
  },
  { name: "score", title: "Score", kind: "count", hint: "The sum of scores" },
];

export const BoardSkeleton = () => (
  <>
    <p class="lead" aria-hidden="true">
      <span class="bone">000 players have a place.</span>
    </p>
    <TableSkeleton columns={columnsFor()} rows={10} />
  </>
);

export function Board({ scope, app_id }: { scope: Scope; app_id: string }) {
  const { address, go } = useNavigation();
  const answer = useAnswer(leaderboard(scope, app_id));
  const { player_id: sought } = address;
  if (sought !== undefined && answer.error?.status === 404)
    return (
      <div class="none">
        <p>{sought} has not scored on this board.</p>
        <button type="button" class="button" onClick={() => go({ player_id: undefined })}>
          Show the top
        </button>
      </div>
    );
  return (
    <Answered answer={answer} what="leaderboard" skeleton={<BoardSkeleton />}>
      {({ entries, players }) => (
        <>
          <p class="lead">
            {players === 1 ? "One player has" : `${exact(players)} players have`} a place. A tie goes to who reached it
            first.
          </p>
          <DataTable
            name="Leaderboard"
            columns={columnsFor(sought)}
            rows={entries}
            keyOf={({ player_id }) => player_id}
            timezone={scope.timezone}
            sort="rank"
            press={({ player_id }) =>
              may(scope.principal, "analyst")
                ? { title: `Open ${player_id}`, go: () => go({ view: "players", player_id }) }
                : undefined
            }
            aside
            none={<p>Nobody has scored here. Look at an earlier season, or at all time.</p>}
          />
        </>
      )}
    </Answered>
  );
}
