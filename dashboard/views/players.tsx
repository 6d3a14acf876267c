import { may } from "../../worker/http/principal.ts";
import { PlayersPanel } from "../players/list.tsx";
import { PlayerPage } from "../players/profile.tsx";
import type { Scope } from "../scope.ts";

/** One player, if the address names one and the reader may see who it is; or else the list. */
export function View({ scope }: { scope: Scope }) {
  const { player_id } = scope.address;
  return player_id === undefined || !may(scope.principal, "analyst") ? (
    <PlayersPanel scope={scope} />
  ) : (
    <PlayerPage scope={scope} player_id={player_id} />
  );
}
