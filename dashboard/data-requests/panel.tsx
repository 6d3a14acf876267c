/** What one person may ask for: all that is kept of them, or that it goes. */
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { COLUMNS } from "./columns.tsx";
import { Person } from "./person.tsx";
import { erasures } from "./query.ts";
import { ReceiptPanel } from "./receipt.tsx";

export function DataRequestsPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { project_id, timezone } = scope;
  return (
    <div class="panels">
      <Panel name="data-requests" title={`A player of ${project_id}`}>
        <form
          class="find-player"
          onSubmit={(event) => {
            event.preventDefault();
            const player_id = String(new FormData(event.currentTarget).get("player_id") ?? "").trim();
            go({ player_id: player_id || undefined, part: undefined });
          }}
        >
          <label>
            Player id
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
            Find
          </button>
        </form>
        {address.player_id === undefined ? (
          <p class="lead">
            Find a player to hand out all that is kept of them, or to erase them. Both are noted in the audit log.
          </p>
        ) : (
          <Person
            key={address.player_id}
            player_id={address.player_id}
            scope={scope}
            // The id of who was erased does not stay in the address.
            erased={(part) => go({ player_id: undefined, part }, "replace")}
          />
        )}
      </Panel>
      {address.part && <ReceiptPanel id={address.part} scope={scope} />}
      <Panel name="erasures" title="Erasures">
        <p class="lead">The newest first; press one for its receipt. Times: {timezone}.</p>
        <PagedList
          name="erasures"
          columns={COLUMNS}
          query={erasures(project_id)}
          keyOf={({ id }) => id}
          timezone={timezone}
          press={({ id }) => ({ title: "Show the receipt", go: () => go({ part: id }) })}
          none={<p>Nobody of {project_id} was erased yet. Find a player above to begin.</p>}
        />
      </Panel>
    </div>
  );
}
