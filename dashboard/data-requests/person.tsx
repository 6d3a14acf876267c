/** The player that was found, and what can be done about them. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Count, Facts } from "../figure.tsx";
import { NOTHING, timeText } from "../format.ts";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { exportOf, player } from "./query.ts";

type Found = { player_id: string; scope: Scope; erased: (id: string) => void };

const FORMATS = { json: "Export all as JSON", csv: "Events as CSV", ndjson: "Events as NDJSON" } as const;

export function Person({ player_id, scope, erased }: Found) {
  const { project_id, timezone } = scope;
  const [asked, ask] = useState(false);
  const answer = useAnswer(player(project_id, player_id));
  // Not a player yet perhaps, and still named by what was refused, or could not be stored.
  const unknown = answer.error?.status === 404;
  return (
    <>
      {unknown ? (
        <p class="lead" role="status">
          There is no player <strong>{player_id}</strong> in {project_id}. What was refused or could not be stored may
          still name them: an export or an erasure finds that too.
        </p>
      ) : (
        <Answered answer={answer} what="player" skeleton={<PersonSkeleton />}>
          {(found) => (
            <Facts
              of={{
                Player: found.player_id,
                "First seen": timeText(found.first_seen, timezone),
                "Last event": timeText(found.last_event_at, timezone),
                Events: <Count value={found.total_events} />,
                Deposits: <Count value={found.total_deposits} />,
                "First tag": found.first_tag ?? NOTHING,
                Email: found.email ?? NOTHING,
                Phone: found.phone ?? NOTHING,
              }}
            />
          )}
        </Answered>
      )}
      <p class="dialog-actions apart">
        {(Object.keys(FORMATS) as (keyof typeof FORMATS)[]).map((format) => (
          <Download
            key={format}
            url={exportOf(project_id, player_id, format)}
            name={`player.${format}`}
            label={FORMATS[format]}
          />
        ))}
        <button type="button" class="button danger" onClick={() => ask(true)}>
          Erase…
        </button>
      </p>
      {asked && <Erase player_id={player_id} project_id={project_id} erased={erased} close={() => ask(false)} />}
    </>
  );
}

type Erasing = { player_id: string; project_id: string; erased: (id: string) => void; close: () => void };

function Erase({ player_id, project_id, erased, close }: Erasing) {
  const [suppress, setSuppress] = useState(true);
  const action = useAction(async () => {
    const query = { project_id, suppress: suppress ? ("1" as const) : ("0" as const) };
    const { id } = await read(client.players[":player_id"].$delete({ param: { player_id }, query }));
    erased(id);
  }, "The erasure has begun.");
  return (
    <Confirm title={`Erase ${player_id}?`} label="Erase the player" action={action} close={close}>
      <p>
        <strong>This cannot be undone.</strong> Export first what the player wants to have.
      </p>
      <p>
        <strong>What goes:</strong> the player's and their browsers' ids, contacts, addresses and free data, in the
        event log, profiles, leaderboards, payments, dead letters, the request log, the live stream, the audit log and
        the archive; and where other players' events name them.
      </p>
      <p>
        <strong>What stays:</strong> counts and sums. Figures by day and tag do not change; nobody can find out any more
        whose they were.
      </p>
      <label class="tick">
        <input type="checkbox" checked={suppress} onChange={(event) => setSuppress(event.currentTarget.checked)} />
        <span>Refuse future events of this player, by a keyed digest of the ids</span>
      </label>
    </Confirm>
  );
}

const PersonSkeleton = () => (
  <div aria-hidden="true">
    <Facts
      of={Object.fromEntries(
        ["Player", "First seen", "Last event", "Events", "Deposits", "First tag", "Email", "Phone"].map((name) => [
          name,
          <span key={name} class="bone">
            0 Mon 0000, 00:00
          </span>,
        ]),
      )}
    />
  </div>
);
