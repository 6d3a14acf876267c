/** The list of players: searched, filtered and sorted by the server; a press on one opens the profile. */
import { may } from "../../worker/http/principal.ts";
import { NO_FILTERS } from "../address.ts";
import { periodText, titled } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { Chosen, Sought } from "../table/narrow.tsx";
import { TableTools } from "../table/tools.tsx";
import { useShown } from "../table/visible.ts";
import { words } from "../words.ts";
import { COLUMNS, MASKED, SPENDERS } from "./columns.tsx";
import {
  BY_SPEND,
  players,
  playersCsv,
  profiles,
  profilesCsv,
  SEGMENTS,
  STEPS,
  spenders,
  spendersCsv,
  stepOf,
} from "./query.ts";

const named = (names: readonly string[], first: string) => ({
  "": first,
  ...Object.fromEntries(names.map((name) => [name, titled(name)])),
});
const SORTED = {
  "": words.players.latestEventFirst,
  last_event_at: words.players.earliestEventFirst,
  "-first_seen": words.players.newestFirst,
  first_seen: words.players.oldestFirst,
  [BY_SPEND]: words.players.highestSpendFirst,
  "-total_deposits": words.players.mostDepositsFirst,
  player_id: words.players.byId,
};
const { [BY_SPEND]: _, ...WITHOUT_SPEND } = SORTED;

const DEPOSITS = {
  "": words.players.anyDeposits,
  none: words.players.neverDeposited,
  once: words.players.depositedOnce,
  more: words.players.depositedAgain,
};

export const PlayersPanel = ({ scope }: { scope: Scope }) =>
  !may(scope.principal, "analyst") ? (
    <Masked scope={scope} />
  ) : scope.address.sort === BY_SPEND && !scope.principal.hide_amounts ? (
    <Spenders scope={scope} />
  ) : (
    <Players scope={scope} />
  );

/** All players, by what they spent in all. */
function Spenders({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  return (
    <Panel
      name="players"
      title={words.common.players}
      actions={
        <>
          <Chosen name="segment" label={words.common.segment} options={named(SEGMENTS, words.players.allSegments)} />
          <Chosen name="sort" label={words.players.order} options={SORTED} />
          <TableTools
            columns={SPENDERS}
            csv={{
              url: spendersCsv(scope),
              name: `${fileNameOf("ltv", scope, "spenders", scope.address.segment)}.csv`,
            }}
          />
        </>
      }
    >
      <p class="lead">{words.players.whatEachSpentOverAll(scope.timezone)}</p>
      <PagedList
        name={words.common.players}
        columns={useShown(SPENDERS)}
        query={(cursor) => spenders(scope, cursor)}
        keyOf={({ player_id, visitor_id }) => player_id ?? visitor_id ?? ""}
        timezone={scope.timezone}
        press={({ player_id }) =>
          player_id === null ? undefined : { title: words.common.open(player_id), go: () => go({ player_id }) }
        }
        none={<p>{words.common.thereIsNoPlayerYetOneIs}</p>}
      />
    </Panel>
  );
}

function Players({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { hide_amounts } = scope.principal;
  return (
    <Panel
      name="players"
      title={words.common.players}
      actions={
        <>
          <Sought name="search" label={words.players.findByAnyIdOrEMail} />
          {!hide_amounts && (
            <Chosen name="segment" label={words.common.segment} options={named(SEGMENTS, words.players.allSegments)} />
          )}
          {scope.principal.banner_tags === null && (
            <Chosen name="deposits" label={words.common.deposits} options={DEPOSITS} />
          )}
          <Chosen name="part" label={words.players.funnelStep} options={named(STEPS, words.players.newPlayers)} />
          <Chosen name="sort" label={words.players.order} options={hide_amounts ? WITHOUT_SPEND : SORTED} />
          <TableTools
            columns={COLUMNS}
            csv={{
              url: playersCsv(scope),
              name: `${fileNameOf("players", scope, "players", address.segment, address.deposits, address.part)}.csv`,
            }}
          />
        </>
      }
    >
      <p class="lead">{words.players.timesIn(meaningOf(scope), scope.timezone)}</p>
      <PagedList
        name={words.common.players}
        columns={useShown(COLUMNS)}
        query={(cursor) => players(scope, cursor)}
        keyOf={({ player_id }) => player_id}
        timezone={scope.timezone}
        press={({ player_id }) => ({ title: words.common.open(player_id), go: () => go({ player_id }) })}
        none={
          <>
            <p>{words.players.noPlayersFound}</p>
            <button
              type="button"
              class="button"
              onClick={() =>
                go({
                  ...NO_FILTERS,
                  period: "all",
                  search: undefined,
                  segment: undefined,
                  deposits: undefined,
                  part: undefined,
                })
              }
            >
              {words.players.showThePlayersOfAllTime}
            </button>
          </>
        }
      />
    </Panel>
  );
}

function meaningOf(scope: Scope): string {
  const step = stepOf(scope);
  if (step) return words.players.whoTookTheStepIn(titled(step), periodText(scope));
  if (scope.address.search !== undefined) return words.players.allTime;
  return words.players.whoWasFirstSeenIn(periodText(scope));
}

/** The page for readers who see figures only. */
function Masked({ scope }: { scope: Scope }) {
  const { role, banner_tags } = scope.principal;
  const limited = banner_tags !== null;
  return (
    <Panel
      name="players"
      title={words.common.players}
      actions={!limited && <TableTools csv={{ url: profilesCsv(scope), name: "players.csv" }} />}
    >
      <p class="lead">
        {words.players.toSeeWhoThePlayersAreTakes(
          role,
          limited ? words.players.pseudonymsAreNotKeptByTag : words.players.hereAllOfThemStandUnder(scope.timezone),
        )}
      </p>
      {!limited && (
        <PagedList
          name={words.common.players}
          columns={MASKED}
          query={(cursor) => profiles(scope, cursor)}
          keyOf={({ uid }) => uid}
          timezone={scope.timezone}
          none={<p>{words.players.noPlayerIsKnownYetWhoever}</p>}
        />
      )}
    </Panel>
  );
}
