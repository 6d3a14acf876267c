/** Requests of a data subject: an export of everything stored about a person, or its erasure. */
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { words } from "../words.ts";
import { COLUMNS } from "./columns.tsx";
import { Person } from "./person.tsx";
import { erasures } from "./query.ts";
import { ReceiptPanel } from "./receipt.tsx";

export function DataRequestsPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { project_id, timezone } = scope;
  return (
    <div class="panels">
      <Panel name="data-requests" title={words.dataRequests.aPlayerOf(project_id)}>
        <form
          class="find-player"
          onSubmit={(event) => {
            event.preventDefault();
            const player_id = String(new FormData(event.currentTarget).get("player_id") ?? "").trim();
            go({ player_id: player_id || undefined, part: undefined });
          }}
        >
          <label>
            {words.dataRequests.playerId}
            <input
              key={address.player_id}
              class="input"
              name="player_id"
              defaultValue={address.player_id}
              required
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <button type="submit" class="button primary">
            {words.dataRequests.find}
          </button>
        </form>
        {address.player_id === undefined ? (
          <p class="lead">{words.dataRequests.findAPlayerToHandOutAll}</p>
        ) : (
          <Person
            key={address.player_id}
            player_id={address.player_id}
            scope={scope}
            // The id of an erased person does not stay in the address.
            erased={(part) => go({ player_id: undefined, part }, "replace")}
          />
        )}
      </Panel>
      {address.part && <ReceiptPanel id={address.part} scope={scope} />}
      <Panel name="erasures" title={words.dataRequests.erasures}>
        <p class="lead">{words.dataRequests.theNewestFirstPressOneFor(timezone)}</p>
        <PagedList
          name={words.dataRequests.erasures}
          columns={COLUMNS}
          query={erasures(project_id)}
          keyOf={({ id }) => id}
          timezone={timezone}
          press={({ id }) => ({ title: words.dataRequests.showTheReceipt, go: () => go({ part: id }) })}
          none={<p>{words.dataRequests.nobodyOfWasErasedYetFindA(project_id)}</p>}
        />
      </Panel>
    </div>
  );
}
