/** What a player did, the latest first, each event a press away. */
import { useState } from "preact/hooks";
import { EVENT_COLUMNS } from "../events/columns.tsx";
import { EventDialog } from "../events/event.tsx";
import { words } from "../format.ts";
import { Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { Chosen } from "../table/narrow.tsx";
import { TableTools } from "../table/tools.tsx";
import { timeline, timelineCsv } from "./query.ts";

type Shown = { scope: Scope; player_id: string; types: readonly string[] };

export function Timeline({ scope, player_id, types }: Shown) {
  const [opened, open] = useState<string | null>(null);
  return (
    <Panel
      name="timeline"
      title="Timeline"
      actions={
        <>
          <Chosen
            name="event_type"
            label="Type"
            options={{ "": "All types", ...Object.fromEntries(types.map((type) => [type, words(type)])) }}
          />
          <TableTools csv={{ url: timelineCsv(scope, player_id), name: "timeline.csv" }} />
        </>
      }
    >
      <p class="lead">Newest first, including visits before registration. Times in {scope.timezone}.</p>
      <PagedList
        name="timeline"
        columns={EVENT_COLUMNS.filter(({ name }) => name !== "player_id")}
        query={(cursor) => timeline(scope, player_id, cursor)}
        keyOf={({ event_id }) => event_id}
        timezone={scope.timezone}
        press={({ event_id }) => ({ title: "All fields of this event", go: () => open(event_id) })}
        none={<p>No event of this type.</p>}
      />
      {opened !== null && <EventDialog scope={scope} event_id={opened} close={() => open(null)} />}
    </Panel>
  );
}
