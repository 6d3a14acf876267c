/** The player that was found, with the actions export and erasure. */
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
import { words } from "../words.ts";
import { exportOf, player } from "./query.ts";

type Found = { player_id: string; scope: Scope; erased: (id: string) => void };

const FORMATS = {
  json: words.dataRequests.exportAllAsJson,
  csv: words.dataRequests.eventsAsCsv,
  ndjson: words.dataRequests.eventsAsNdjson,
} as const;

export function Person({ player_id, scope, erased }: Found) {
  const { project_id, timezone } = scope;
  const [asked, ask] = useState(false);
  const answer = useAnswer(player(project_id, player_id));
  // Without a player, refused requests or dead letters may still have this id.
  const unknown = answer.error?.status === 404;
  return (
    <>
      {unknown ? (
        <p class="lead" role="status">
          {words.dataRequests.thereIsNoPlayerInWhatWas(<strong>{player_id}</strong>, project_id)}
        </p>
      ) : (
        <Answered answer={answer} what={words.common.player} skeleton={<PersonSkeleton />}>
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
          {words.dataRequests.erase}
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
  }, words.dataRequests.theErasureHasBegun);
  return (
    <Confirm
      title={words.dataRequests.eraseTitle(player_id)}
      label={words.dataRequests.eraseThePlayer}
      action={action}
      close={close}
    >
      <p>{words.dataRequests.exportFirstWhatThePlayer(<strong>{words.dataRequests.thisCannotBeUndone}</strong>)}</p>
      <p>{words.dataRequests.thePlayerAndTheirBrowsers(<strong>{words.dataRequests.whatGoes}</strong>)}</p>
      <p>{words.dataRequests.countsAndSumsFiguresByDay(<strong>{words.dataRequests.whatStays}</strong>)}</p>
      <label class="tick">
        <input type="checkbox" checked={suppress} onChange={(event) => setSuppress(event.currentTarget.checked)} />
        <span>{words.dataRequests.refuseFutureEventsOfThis}</span>
      </label>
    </Confirm>
  );
}

const PersonSkeleton = () => (
  <div aria-hidden="true">
    <Facts
      of={Object.fromEntries(
        [
          words.common.playerTitle,
          words.common.firstSeen,
          words.common.lastEvent,
          words.common.events,
          words.common.deposits,
          words.common.firstTag,
          words.dataRequests.email,
          words.common.phone,
        ].map((name) => [
          name,
          <span key={name} class="bone">
            0 Mon 0000, 00:00
          </span>,
        ]),
      )}
    />
  </div>
);
