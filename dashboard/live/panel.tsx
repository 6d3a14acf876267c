/** What is happening now: counts of the last minutes and of today, the hour minute by minute, tags, events. */
import { fits, hasFields, isFiltered } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { Count } from "../figure.tsx";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import { project } from "../reports.ts";
import { words } from "../words.ts";
import { useLive } from "./live.ts";
import { Minutes } from "./minutes.tsx";
import { fitsEvent, narrowedWindows } from "./narrowed.ts";
import { Spoken } from "./spoken.tsx";
import type { Counts } from "./state.ts";
import { Status } from "./status.tsx";
import { Stream } from "./stream.tsx";
import { Top } from "./top.tsx";
import { type ByType, Windows } from "./windows.tsx";

const byType = ({ "1m": one, "5m": five, "60m": hour, today }: Counts["windows"]): ByType => ({
  "1m": one.by_type,
  "5m": five.by_type,
  "60m": hour.by_type,
  today: today.by_type,
});

/** What servers send has no device. */
const visitsBy = (devices: Counts["windows"]["60m"]["devices"]): [string, number][] =>
  devices
    .map(({ device, by_type }): [string, number] => [device, by_type.visit ?? 0])
    .filter(([, visits]) => visits > 0)
    .sort(([, a], [, b]) => b - a);

export function LivePanel({ wide = false }: { wide?: boolean }) {
  const live = useLive();
  const { address } = useNavigation();
  // The answer to the page's first request is shown until the socket sends its first message.
  const asked = useAnswer(project(address.project_id));
  const first = asked.stale ? undefined : asked.data;
  const counts = live.counts ?? first ?? null;
  const events = live.counts ? live.events : (first?.events ?? []);
  const hour = counts?.windows["60m"];
  const filtered = isFiltered(address);
  const narrowed = counts && filtered ? narrowedWindows(counts.windows, address) : null;
  // Under a filter nothing is shown that is of others, too.
  const shown = !filtered || !counts || narrowed !== null;
  return (
    <Panel name="live" wide={wide} title={words.common.live} actions={<Status connection={live.connection} />}>
      <Spoken counts={counts} />
      {!filtered && (
        <p class="visitors-now" title={words.live.peopleWithAnEventInTheLast}>
          {words.live.visitorsNow(
            <strong data-live="visitors now">
              {counts ? <Count value={counts.visitors_now} /> : <span class="bone">00</span>}
            </strong>,
            counts?.visitors_now ?? 0,
          )}
        </p>
      )}
      {filtered && counts && (
        <p class="lead">
          {narrowed
            ? words.live.onlyWhatFitsTheFiltersWhat
            : hasFields(address)
              ? words.live.onlyTheEventsThatFitThe
              : words.live.eventsOnlyOfManyTags}
        </p>
      )}
      {shown && (
        <div class="live-counts">
          <Windows windows={narrowed ?? (counts ? byType(counts.windows) : undefined)} {...(!wide && { others: 2 })} />
          {!filtered && <Minutes minutes={counts?.minutes} timezone={counts?.timezone ?? "UTC"} />}
        </div>
      )}
      {shown && (
        <div class="live-top">
          <Top
            title={words.live.topTagsLast60Minutes}
            filter
            rows={hour?.banner_tags
              .filter(({ banner_tag }) => fits(address, banner_tag || null))
              .map((row) => [row.banner_tag, row.total])}
          />
          {wide && !filtered && (
            <>
              <Top
                title={words.live.countries}
                field="country"
                rows={hour?.countries.map((row) => [row.country, row.total])}
              />
              <Top title={words.live.devicesByVisits} field="device" rows={hour && visitsBy(hour.devices)} />
            </>
          )}
        </div>
      )}
      {address.platform.length > 0 ? (
        <p class="lead">{words.live.liveEventsDoNotTellTheir}</p>
      ) : (
        <Stream
          events={events.filter((event) => fitsEvent(address, event))}
          timezone={counts?.timezone ?? "UTC"}
          waiting={counts === null}
        />
      )}
    </Panel>
  );
}
