/** One player: identity, figures, time to the first payment, and all events. */
import { may } from "../../worker/http/principal.ts";
import type { PlayerStats } from "../../worker/reports/player-stats.ts";
import { useAnswer } from "../answers.ts";
import { Facts, FactsSkeleton } from "../facts.tsx";
import { Count } from "../figure.tsx";
import { rate, titled } from "../format.ts";
import { Earlier } from "../icons.tsx";
import { Menu } from "../menu.tsx";
import { linkTo, useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { words } from "../words.ts";
import { factsOfPlayer, timeToSale } from "./facts.tsx";
import { exportOf, profile, stats } from "./query.ts";
import { Timeline } from "./timeline.tsx";

type Shown = { scope: Scope; player_id: string };

export function PlayerPage({ scope, player_id }: Shown) {
  const { go } = useNavigation();
  const player = useAnswer(profile(scope, player_id));
  const done = useAnswer(stats(scope, player_id));
  return (
    <>
      <p class="back">
        <button type="button" class="button quiet" onClick={() => go({ player_id: undefined, event_type: undefined })}>
          <Earlier />
          {words.players.allPlayers}
        </button>
      </p>
      <div class="panels">
        <Panel
          name="player"
          title={player_id}
          actions={may(scope.principal, "admin") && <AdminActions scope={scope} player_id={player_id} />}
          busy={player.stale}
        >
          <p class="lead">{words.players.timesInZone(scope.timezone)}</p>
          <Answered answer={player} what={words.common.player} skeleton={<FactsSkeleton facts={20} />}>
            {(player) => (
              <>
                <Facts facts={factsOfPlayer(player, scope.timezone, !scope.principal.hide_amounts)} />
                <h3>{words.players.timeToSale}</h3>
                <Facts facts={timeToSale(player, scope.timezone)} />
              </>
            )}
          </Answered>
          {player.data && (
            <>
              <h3>{words.players.eventsByType}</h3>
              <Answered answer={done} what={words.players.eventsByTypeInMessage} skeleton={<FactsSkeleton facts={6} />}>
                {(done) => <Breakdown of={done} />}
              </Answered>
            </>
          )}
        </Panel>
        {player.data && done.data && (
          <Timeline scope={scope} player_id={player_id} types={Object.keys(done.data.event_breakdown)} />
        )}
      </div>
    </>
  );
}

/** The number of events by type, and their shares. */
const Breakdown = ({ of: { event_breakdown, total_events } }: { of: PlayerStats }) => (
  <Facts
    facts={Object.entries(event_breakdown)
      .sort(([, a], [, b]) => b - a)
      .map(([name, total]) => ({
        name,
        title: titled(name),
        shown: (
          <>
            <Count value={total} /> <small class="muted">{rate(total / total_events)}</small>
          </>
        ),
      }))}
  />
);

function AdminActions({ scope, player_id }: Shown) {
  const { address, go } = useNavigation();
  const name = `player_${player_id.replaceAll(/[^\w.-]/g, "_")}`;
  const requests = { view: "data_requests", player_id };
  return (
    <>
      <Menu label={words.players.exportAllThatIsKeptOfThis} button={<span>{words.players.export}</span>}>
        {() => (
          <div class="export-menu">
            {(["json", "csv", "ndjson"] as const).map((format) => (
              <Download
                key={format}
                url={exportOf(scope, player_id, format)}
                name={`${name}.${format}`}
                label={format.toUpperCase()}
              />
            ))}
          </div>
        )}
      </Menu>
      <a
        class="button"
        href={linkTo(address, requests)}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          go(requests);
        }}
      >
        {words.common.privacyRequests}
      </a>
    </>
  );
}
