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
import { words } from "../words.ts";
import { leaderboard } from "./query.ts";

const columnsFor = (sought?: string): readonly Column<LeaderboardEntry>[] => [
  { name: "rank", title: words.games.rank, kind: "count" },
  {
    name: "player_id",
    title: words.common.playerTitle,
    kind: "text",
    show: ({ player_id }) =>
      player_id === sought ? (
        <>
          <strong>{player_id}</strong> <span class="badge">{words.games.sought}</span>
        </>
      ) : (
        player_id
      ),
  },
  { name: "score", title: words.common.score, kind: "count", hint: words.games.theSumOfScores },
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
        <p>{words.games.hasNotScoredOnThisBoard(sought)}</p>
        <button type="button" class="button" onClick={() => go({ player_id: undefined })}>
          {words.games.showTheTop}
        </button>
      </div>
    );
  return (
    <Answered answer={answer} what={words.games.leaderboard} skeleton={<BoardSkeleton />}>
      {({ entries, players }) => (
        <>
          <p class="lead">{words.games.playersHaveAPlace(players, exact(players))}</p>
          <DataTable
            name={words.games.leaderboardTitle}
            columns={columnsFor(sought)}
            rows={entries}
            keyOf={({ player_id }) => player_id}
            timezone={scope.timezone}
            sort="rank"
            press={({ player_id }) =>
              may(scope.principal, "analyst")
                ? { title: words.common.open(player_id), go: () => go({ view: "players", player_id }) }
                : undefined
            }
            aside
            none={<p>{words.games.nobodyHasScoredHereLookAt}</p>}
          />
        </>
      )}
    </Answered>
  );
}
