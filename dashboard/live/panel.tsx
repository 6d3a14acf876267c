/** What is happening now: counts of the last minutes and of today, the hour minute by minute, tags, events. */
import { fits, isFiltered } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import { project } from "../reports.ts";
import { useLive } from "./live.ts";
import { Minutes } from "./minutes.tsx";
import { narrowedWindows } from "./narrowed.ts";
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

export function LivePanel({ wide = false }: { wide?: boolean }) {
  const live = useLive();
  const { address } = useNavigation();
  // What the page asked first stands until the socket speaks.
  const asked = useAnswer(project(address.project_id));
  const first = asked.stale ? undefined : asked.data;
  const counts = live.counts ?? first ?? null;
  const events = live.counts ? live.events : (first?.events ?? []);
  const hour = counts?.windows["60m"];
  const filtered = isFiltered(address);
  const own = counts && filtered ? narrowedWindows(counts.windows, address) : null;
  return (
    <Panel name="live" wide={wide} title="Live" actions={<Status connection={live.connection} />}>
      <Spoken counts={counts} />
      {filtered && (
        <p class="lead">
          {own
            ? "Counts and events of the tags that fit the filters; the minutes and lists are of all tags."
            : "Counts of all tags; below, the events that fit the filters by tag."}
        </p>
      )}
      <div class="live-counts">
        <Windows windows={own ?? (counts ? byType(counts.windows) : undefined)} {...(!wide && { others: 2 })} />
        <Minutes minutes={counts?.minutes} timezone={counts?.timezone ?? "UTC"} />
      </div>
      <div class="live-top">
        <Top
          title="Top tags, last 60 minutes"
          filter
          rows={hour?.banner_tags.map((row) => [row.banner_tag, row.total])}
        />
        {wide && (
          <>
            <Top title="Countries" rows={hour?.countries.map((row) => [row.country, row.total])} />
            <Top title="Devices" rows={hour?.devices.map((row) => [row.device, row.total])} />
          </>
        )}
      </div>
      <Stream
        events={events.filter(({ banner_tag }) => fits(address, banner_tag))}
        timezone={counts?.timezone ?? "UTC"}
        waiting={counts === null}
      />
    </Panel>
  );
}
