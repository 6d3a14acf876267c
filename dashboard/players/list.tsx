/** The players: sought, narrowed and ordered by the server, and each a press away. */
import { may } from "../../worker/http/principal.ts";
import { NO_FILTERS } from "../address.ts";
import { periodText, words } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { shownOf } from "../table/columns.ts";
import { PagedList } from "../table/list.tsx";
import { Chosen, Sought } from "../table/narrow.tsx";
import { TableTools } from "../table/tools.tsx";
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
  ...Object.fromEntries(names.map((name) => [name, words(name)])),
});
const SORTED = {
  "": "Latest event first",
  last_event_at: "Earliest event first",
  "-first_seen": "Newest first",
  first_seen: "Oldest first",
  [BY_SPEND]: "Highest spend first",
  "-total_deposits": "Most deposits first",
  player_id: "By id",
};
const { [BY_SPEND]: _, ...WITHOUT_SPEND } = SORTED;

const DEPOSITS = { "": "Any deposits", none: "Never deposited", once: "Deposited once", more: "Deposited again" };

export const PlayersPanel = ({ scope }: { scope: Scope }) =>
  !may(scope.principal, "analyst") ? (
    <Masked scope={scope} />
  ) : scope.address.sort === BY_SPEND && !scope.principal.hide_amounts ? (
    <Spenders scope={scope} />
  ) : (
    <Players scope={scope} />
  );

/** Everybody, by what they spent in all. */
function Spenders({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <Panel
      name="players"
      title="Players"
      actions={
        <>
          <Chosen name="segment" label="Segment" options={named(SEGMENTS, "All segments")} />
          <Chosen name="sort" label="Order" options={SORTED} />
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
      <p class="lead">What each spent over all history, whatever the period. Times in {scope.timezone}.</p>
      <PagedList
        name="players"
        columns={shownOf(SPENDERS, address.columns)}
        query={(cursor) => spenders(scope, cursor)}
        keyOf={({ player_id, visitor_id }) => player_id ?? visitor_id ?? ""}
        timezone={scope.timezone}
        press={({ player_id }) =>
          player_id === null ? undefined : { title: `Open ${player_id}`, go: () => go({ player_id }) }
        }
        none={<p>There is no player yet. One is known once an event with a player_id came.</p>}
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
      title="Players"
      actions={
        <>
          <Sought name="search" label="Search by player ID" />
          {!hide_amounts && <Chosen name="segment" label="Segment" options={named(SEGMENTS, "All segments")} />}
          {scope.principal.banner_tags === null && <Chosen name="deposits" label="Deposits" options={DEPOSITS} />}
          <Chosen name="part" label="Funnel step" options={named(STEPS, "New players")} />
          <Chosen name="sort" label="Order" options={hide_amounts ? WITHOUT_SPEND : SORTED} />
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
      <p class="lead">
        {meaningOf(scope)} Times in {scope.timezone}.
      </p>
      <PagedList
        name="players"
        columns={shownOf(COLUMNS, address.columns)}
        query={(cursor) => players(scope, cursor)}
        keyOf={({ player_id }) => player_id}
        timezone={scope.timezone}
        press={({ player_id }) => ({ title: `Open ${player_id}`, go: () => go({ player_id }) })}
        none={
          <>
            <p>No players found.</p>
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
              Show the players of all time
            </button>
          </>
        }
      />
    </Panel>
  );
}

function meaningOf(scope: Scope): string {
  const step = stepOf(scope);
  if (step) return `Who took the step “${words(step)}” in ${periodText(scope)}.`;
  if (scope.address.search !== undefined) return "All time.";
  return `Who was first seen in ${periodText(scope)}.`;
}

/** For who reads figures alone. */
function Masked({ scope }: { scope: Scope }) {
  const { role, banner_tags } = scope.principal;
  const limited = banner_tags !== null;
  return (
    <Panel
      name="players"
      title="Players"
      actions={!limited && <TableTools csv={{ url: profilesCsv(scope), name: "players.csv" }} />}
    >
      <p class="lead">
        To see who the players are takes the role analyst; you are signed in as {role}.{" "}
        {limited
          ? "Pseudonyms are not kept by tag, and this key is limited to its own."
          : `Here all of them stand under pseudonyms, with contacts masked. Times in ${scope.timezone}.`}
      </p>
      {!limited && (
        <PagedList
          name="players"
          columns={MASKED}
          query={(cursor) => profiles(scope, cursor)}
          keyOf={({ uid }) => uid}
          timezone={scope.timezone}
          none={<p>No player is known yet. Whoever registers stands here.</p>}
        />
      )}
    </Panel>
  );
}
