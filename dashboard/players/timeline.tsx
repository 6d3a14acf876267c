/** A player's events, the latest first; a press opens one. */
import { useState } from "preact/hooks";
import { EVENT_COLUMNS } from "../events/columns.tsx";
import { EventDialog } from "../events/event.tsx";
import { titled } from "../format.ts";
import { Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { Chosen } from "../table/narrow.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { timeline, timelineCsv } from "./query.ts";

type Shown = { scope: Scope; player_id: string; types: readonly string[] };

export function Timeline({ scope, player_id, types }: Shown) {
  const [opened, open] = useState<string | null>(null);
  return (
    <Panel
      name="timeline"
      title={words.players.timeline}
      actions={
        <>
          <Chosen
            name="event_type"
            label={words.common.type}
            options={{ "": words.players.allTypes, ...Object.fromEntries(types.map((type) => [type, titled(type)])) }}
          />
          <TableTools csv={{ url: timelineCsv(scope, player_id), name: "timeline.csv" }} />
        </>
      }
    >
      <p class="lead">{words.players.newestFirstIncludingVisits(scope.timezone)}</p>
      <PagedList
        name={words.players.timeline}
        columns={EVENT_COLUMNS.filter(({ name }) => name !== "player_id")}
        query={(cursor) => timeline(scope, player_id, cursor)}
        keyOf={({ event_id }) => event_id}
        timezone={scope.timezone}
        press={({ event_id }) => ({ title: words.common.allFieldsOfThisEvent, go: () => open(event_id) })}
        none={<p>{words.players.noEventOfThisType}</p>}
      />
      {opened !== null && <EventDialog scope={scope} event_id={opened} close={() => open(null)} />}
    </Panel>
  );
}
