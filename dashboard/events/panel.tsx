/** The log, the last event taken first; one of them in full. */
import { FIELD_NAMES, FIELD_TITLES, NO_FILTERS } from "../address.ts";
import { periodText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { PagedList } from "../table/list.tsx";
import { Chosen, Sought } from "../table/narrow.tsx";
import { EVENT_COLUMNS } from "./columns.tsx";
import { EventDialog } from "./event.tsx";
import { events, eventsFile } from "./query.ts";

export function EventsPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { search } = address;
  const file = fileNameOf("events", scope, "events", address.event_type, address.player_id, address.part);
  const several = FIELD_NAMES.find((name) => address[name].length > 1);
  return (
    <Panel
      name="events"
      title="Events"
      actions={
        <>
          <Sought name="search" label="Event id" />
          <Sought name="event_type" label="Type" />
          <Sought name="player_id" label="Player" />
          <Chosen
            name="part"
            label="Which events"
            options={{ "": "Counted only", all: "All, also tests, bots and duplicates" }}
          />
          {several === undefined && (
            <>
              <Download url={eventsFile(scope, "csv")} name={`${file}.csv`} />
              <Download url={eventsFile(scope, "ndjson")} name={`${file}.ndjson`} label="NDJSON" />
            </>
          )}
        </>
      }
    >
      <p class="lead">
        Of {periodText(scope)}, newest first. Times in {scope.timezone}.
      </p>
      {several ? (
        <p class="none">
          Events are listed of one {FIELD_TITLES[several].toLowerCase()} at a time: remove the other filters by it.
        </p>
      ) : (
        <PagedList
          name="events"
          columns={EVENT_COLUMNS}
          query={(cursor) => events(scope, cursor)}
          keyOf={({ event_id }) => event_id}
          timezone={scope.timezone}
          press={({ event_id }) => ({ title: "All fields of this event", go: () => go({ search: event_id }) })}
          none={
            <>
              <p>No events found.</p>
              <button
                type="button"
                class="button"
                onClick={() =>
                  go({
                    ...NO_FILTERS,
                    event_type: undefined,
                    player_id: undefined,
                    part: "all",
                    period: "30d",
                  })
                }
              >
                Show all events of the last 30 days
              </button>
            </>
          }
        />
      )}
      {search !== undefined && <EventDialog scope={scope} event_id={search} close={() => go({ search: undefined })} />}
    </Panel>
  );
}
