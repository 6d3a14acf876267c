/** Who has scored most in an app: today, this week, ever, or in a season that is over. */
import { addDays, mondayOf } from "../../worker/calendar.ts";
import { may } from "../../worker/http/principal.ts";
import type { LeaderboardEntry } from "../../worker/reports/leaderboard.ts";
import { useAnswer } from "../answers.ts";
import { exact, periodText } from "../format.ts";
import { Earlier, Later } from "../frame/icons.tsx";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { Chosen, Sought } from "../table/narrow.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { leaderboard, leaderboardCsv, scored, TOPS, topOf } from "./query.ts";

const BOARDS = { daily: "Daily", weekly: "Weekly", alltime: "All time" } as const;

const columnsFor = (sought: string | undefined): readonly Column<LeaderboardEntry>[] => [
  { name: "rank", title: "Rank", kind: "count", value: ({ rank }) => rank },
  {
    name: "player_id",
    title: "Player",
    kind: "text",
    value: ({ player_id }) => player_id,
    show: ({ player_id }) =>
      player_id === sought ? (
        <strong>
          {player_id} <span class="badge">sought</span>
        </strong>
      ) : (
        player_id
      ),
  },
  { name: "score", title: "Score", kind: "count", hint: "The sum of scores", value: ({ score }) => score },
];

export function LeaderboardPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const answer = useAnswer(scored(scope));
  const apps = [...new Set(answer.data?.rows.flatMap(({ app_id }) => app_id || []))].sort();
  const app_id = address.app_id ?? apps[0];
  return (
    <Panel
      name="leaderboard"
      title={app_id === undefined ? "Leaderboard" : `Leaderboard of ${app_id}`}
      actions={
        <>
          {app_id !== undefined && (
            <Chosen
              name="app_id"
              label="App"
              options={{
                ...(address.app_id === undefined && { "": app_id }),
                ...Object.fromEntries(
                  apps.filter((app) => address.app_id !== undefined || app !== app_id).map((app) => [app, app]),
                ),
              }}
            />
          )}
          <Choices
            legend="Season"
            options={BOARDS}
            chosen={address.leaderboard}
            choose={(board) => go({ leaderboard: board, date: undefined }, "replace")}
          />
          <Choices
            legend="How many places"
            options={
              Object.fromEntries(TOPS.map((top) => [top, `Top ${exact(Number(top))}`])) as Record<
                (typeof TOPS)[number],
                string
              >
            }
            chosen={topOf(scope)}
            choose={(top) => go({ part: top === "100" ? undefined : top }, "replace")}
          />
          <Sought name="player_id" label="Around a player" />
          {app_id !== undefined && (
            <TableTools
              csv={{ url: leaderboardCsv(scope, app_id), name: `leaderboard_${app_id}_${address.leaderboard}.csv` }}
            />
          )}
        </>
      }
    >
      {app_id !== undefined ? (
        <Board scope={scope} app_id={app_id} />
      ) : (
        <Answered answer={answer} what="apps" skeleton={<TableSkeleton columns={columnsFor(undefined)} rows={10} />}>
          {() => (
            <div class="none">
              <p>
                Nobody has scored in the last 91 days. Events of the type player_score with an app_id and a score make a
                leaderboard.
              </p>
            </div>
          )}
        </Answered>
      )}
    </Panel>
  );
}

function Board({ scope, app_id }: { scope: Scope; app_id: string }) {
  const { address, go } = useNavigation();
  const answer = useAnswer(leaderboard(scope, app_id));
  const sought = address.player_id;
  const columns = columnsFor(sought);
  return (
    <>
      {address.leaderboard !== "alltime" && <Season scope={scope} board={address.leaderboard} />}
      {sought !== undefined && answer.error?.status === 404 ? (
        <div class="none">
          <p>{answer.error.message}</p>
          <button type="button" class="button" onClick={() => go({ player_id: undefined })}>
            Show the top
          </button>
        </div>
      ) : (
        <Answered answer={answer} what="leaderboard" skeleton={<TableSkeleton columns={columns} rows={10} />}>
          {({ entries, players }) => (
            <>
              <p class="lead">
                {players === 1 ? "One player has" : `${exact(players)} players have`} a place. A tie goes to who reached
                it first.
              </p>
              <DataTable
                name="Leaderboard"
                columns={columns}
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
      )}
    </>
  );
}

/** Which day or week, and the ones beside it. */
function Season({ scope, board }: { scope: Scope; board: "daily" | "weekly" }) {
  const { address, go } = useNavigation();
  const first = board === "daily" ? (date: string) => date : mondayOf;
  const days = board === "daily" ? 1 : 7;
  const from = first(address.date ?? scope.today);
  const latest = first(scope.today);
  const step = (by: number) => {
    const date = addDays(from, by * days);
    go({ date: date >= latest ? undefined : date });
  };
  return (
    <p class="season">
      <button type="button" class="button square" aria-label="Earlier season" onClick={() => step(-1)}>
        <Earlier />
      </button>
      <strong aria-live="polite">{periodText({ from, to: addDays(from, days - 1) })}</strong>
      <button
        type="button"
        class="button square"
        aria-label="Later season"
        disabled={from >= latest}
        onClick={() => step(1)}
      >
        <Later />
      </button>
      <span class="muted">on the clock of {scope.timezone}</span>
    </p>
  );
}
