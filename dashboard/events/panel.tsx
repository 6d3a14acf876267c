/** The event log, the last accepted event first; or one event in full. */
import { FIELD_NAMES, FIELD_TITLES, NO_FILTERS } from "../address.ts";
import { periodText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { PagedList } from "../table/list.tsx";
import { Chosen, Sought } from "../table/narrow.tsx";
import { words } from "../words.ts";
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
      title={words.common.events}
      actions={
        <>
          <Sought name="search" label={words.common.eventId} />
          <Sought name="event_type" label={words.common.type} />
          <Sought name="player_id" label={words.common.playerTitle} />
          <Chosen
            name="part"
            label={words.events.whichEvents}
            options={{ "": words.events.countedOnly, all: words.events.allAlsoTestsBotsAnd }}
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
      <p class="lead">{words.events.ofNewestFirstTimesIn(periodText(scope), scope.timezone)}</p>
      {several ? (
        <p class="none">{words.events.eventsAreListedOfOneAtA(words.inSentence(FIELD_TITLES[several]))}</p>
      ) : (
        <PagedList
          name={words.common.events}
          columns={EVENT_COLUMNS}
          query={(cursor) => events(scope, cursor)}
          keyOf={({ event_id }) => event_id}
          timezone={scope.timezone}
          press={({ event_id }) => ({ title: words.common.allFieldsOfThisEvent, go: () => go({ search: event_id }) })}
          none={
            <>
              <p>{words.events.noEventsFound}</p>
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
                {words.events.showEventsOf30Days}
              </button>
            </>
          }
        />
      )}
      {search !== undefined && <EventDialog scope={scope} event_id={search} close={() => go({ search: undefined })} />}
    </Panel>
  );
}
