/** The highest scores of an app: today, this week, of all time, or in a past season. */
import { useAnswer } from "../answers.ts";
import { exact } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Chosen, Sought } from "../table/narrow.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { Board, BoardSkeleton } from "./board.tsx";
import { leaderboardCsv, scored, TOPS, topOf } from "./query.ts";
import { Season } from "./season.tsx";

const BOARDS = { daily: words.common.daily, weekly: words.common.weekly, alltime: words.common.allTime } as const;
const PLACES = Object.fromEntries(TOPS.map((top) => [top, words.games.top(exact(Number(top)))])) as Record<
  (typeof TOPS)[number],
  string
>;

export function LeaderboardPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { leaderboard } = address;
  const answer = useAnswer(scored(scope));
  const apps = [...new Set(answer.data?.rows.flatMap(({ app_id }) => app_id || []))].sort();
  const app_id = address.app ?? apps[0];
  return (
    <Panel
      name="leaderboard"
      title={words.games.leaderboardTitle}
      actions={
        <>
          <Chosen
            name="app"
            label={words.common.app}
            options={Object.fromEntries(
              apps.map((app, index) => [index === 0 && address.app === undefined ? "" : app, app]),
            )}
          />
          <Choices
            legend={words.games.season}
            options={BOARDS}
            chosen={leaderboard}
            choose={(leaderboard) => go({ leaderboard, date: undefined }, "replace")}
          />
          <Choices
            legend={words.games.howManyPlaces}
            options={PLACES}
            chosen={topOf(scope)}
            choose={(top) => go({ part: top === "100" ? undefined : top }, "replace")}
          />
          <Sought name="player_id" label={words.games.findAPlayerRank} />
          {app_id !== undefined && (
            <TableTools
              csv={{ url: leaderboardCsv(scope, app_id), name: `leaderboard_${app_id}_${leaderboard}.csv` }}
            />
          )}
        </>
      }
    >
      {leaderboard !== "alltime" && <Season scope={scope} board={leaderboard} />}
      {app_id !== undefined ? (
        <Board scope={scope} app_id={app_id} />
      ) : (
        <Answered answer={answer} what={words.games.appsInMessage} skeleton={<BoardSkeleton />}>
          {() => (
            <div class="none">
              <p>{words.games.nobodyScoredIn91Days}</p>
              <p>{words.games.eventsOfTheTypePlayerScore}</p>
            </div>
          )}
        </Answered>
      )}
    </Panel>
  );
}
