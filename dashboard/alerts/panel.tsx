/** A project's alerts, channels and scheduled reports; or one of these, if the address names it. */
import { useState } from "preact/hooks";
import type { ShownChannel } from "../../worker/admin/channels.ts";
import { type Answer, useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import { ShownSecret } from "../postbacks/dialogs.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { ALERTS, CHANNELS, SCHEDULES } from "./columns.tsx";
import { AlertForm, ChannelForm, ScheduleForm } from "./dialogs.tsx";
import { OneAlert, OneChannel, OneSchedule } from "./one.tsx";
import { alerts, channels, schedules } from "./query.ts";

type Making = "alert" | "channel" | "schedule" | ShownChannel | null;
type Row = { id: string; name: string };
type Listed<Of extends Row> = {
  name: string;
  title: string;
  label: string;
  make: () => void;
  answer: Answer<{ rows: Of[] }>;
  columns: readonly Column<Of>[];
  timezone: string;
};

function Listed<Of extends Row>({ name, title, label, make, answer, columns, timezone }: Listed<Of>) {
  const { go } = useNavigation();
  return (
    <Panel
      name={name}
      title={title}
      actions={
        <button type="button" class="button primary" onClick={make}>
          {label}
        </button>
      }
    >
      <Answered answer={answer} what={words.inSentence(title)} skeleton={<TableSkeleton columns={columns} rows={3} />}>
        {({ rows }) => (
          <DataTable
            name={title}
            columns={columns}
            rows={rows}
            keyOf={({ id }) => id}
            timezone={timezone}
            sort="name"
            press={(row) => ({ title: words.common.open(row.name), go: () => go({ part: row.id }) })}
            none={<p>{words.alerts.noYet(title)}</p>}
          />
        )}
      </Answered>
    </Panel>
  );
}

export function AlertsPanel({ scope: { project_id, timezone, address } }: { scope: Scope }) {
  const [making, make] = useState<Making>(null);
  const watched = useAnswer(alerts(project_id));
  const known = useAnswer(channels(project_id));
  const sent = useAnswer(schedules(project_id));
  // All are shown at once, so that none of the lists moves when another one arrives.
  if ([watched, known, sent].some(({ data, error }) => !data && !error)) return null;
  const named = ({ id }: Row) => id === address.part;
  const alert = watched.data?.rows.find(named);
  if (alert) return <OneAlert key={alert.id} alert={alert} channels={known.data?.rows ?? []} timezone={timezone} />;
  const schedule = sent.data?.rows.find(named);
  if (schedule)
    return <OneSchedule key={schedule.id} schedule={schedule} channels={known.data?.rows ?? []} timezone={timezone} />;
  const channel = known.data?.rows.find(named);
  if (channel) return <OneChannel key={channel.id} channel={channel} />;
  const common = { project_id, channels: known.data?.rows ?? [], close: () => make(null) };
  return (
    <div class="panels">
      <Listed
        name="alerts"
        title={words.common.alerts}
        label={words.alerts.makeAnAlert}
        make={() => make("alert")}
        answer={watched}
        columns={ALERTS}
        timezone={timezone}
      />
      <Listed
        name="channels"
        title={words.alerts.channels}
        label={words.alerts.makeAChannel}
        make={() => make("channel")}
        answer={known}
        columns={CHANNELS}
        timezone={timezone}
      />
      <Listed
        name="schedules"
        title={words.alerts.scheduledReports}
        label={words.alerts.scheduleAReport}
        make={() => make("schedule")}
        answer={sent}
        columns={SCHEDULES}
        timezone={timezone}
      />
      {making === "alert" && <AlertForm {...common} />}
      {making === "channel" && <ChannelForm {...common} show={make} />}
      {making === "schedule" && <ScheduleForm {...common} />}
      {making !== null && typeof making === "object" && <ShownSecret made={making} close={common.close} />}
    </div>
  );
}
