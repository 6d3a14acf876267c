/** An alert with its incidents, a scheduled report with its deliveries, or a channel; with the actions for it. */
import type { AlertView } from "../../worker/admin/alerts.ts";
import type { ChannelView, ShownChannel } from "../../worker/admin/channels.ts";
import type { ScheduleView } from "../../worker/admin/schedules.ts";
import { useAnswer } from "../answers.ts";
import { Kept } from "../kept.tsx";
import { Answered } from "../panel.tsx";
import { ShownSecret } from "../postbacks/dialogs.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { INCIDENTS, SENT, Standing } from "./columns.tsx";
import { AlertForm, ChannelForm, ScheduleForm, ShownTest, type Tried } from "./dialogs.tsx";
import { incidents, sentReports } from "./query.ts";

const COMMON = { all: words.alerts.allAlerts, lost: words.alerts.itsHistoryIsRemovedToo };
const TRIED = { ...COMMON, test: words.alerts.sendATest };

type Alerted = { alert: AlertView; channels: readonly ChannelView[]; timezone: string };

export function OneAlert({ alert, channels, timezone }: Alerted) {
  const { id, project_id, name, state, incident, error } = alert;
  const answer = useAnswer(incidents(id));
  return (
    <Kept<Tried>
      of="alerts"
      id={id}
      name={name}
      paused={state === "paused"}
      dialog={(opened, _, close) =>
        opened === "change" ? (
          <AlertForm project_id={project_id} channels={channels} alert={alert} close={close} />
        ) : (
          <ShownTest tried={opened} close={close} />
        )
      }
      {...TRIED}
    >
      <p class="lead">
        <Standing state={state} /> {error ?? incident?.finding}
      </p>
      <Answered answer={answer} what={words.alerts.incidents} skeleton={<TableSkeleton columns={INCIDENTS} rows={3} />}>
        {({ rows }) => (
          <DataTable
            name={words.alerts.incidentsTable}
            columns={INCIDENTS}
            rows={rows}
            keyOf={(row) => row.id}
            timezone={timezone}
            sort="-opened_at"
            none={<p>{words.alerts.noneYet}</p>}
          />
        )}
      </Answered>
    </Kept>
  );
}

type Scheduled = { schedule: ScheduleView; channels: readonly ChannelView[]; timezone: string };

export function OneSchedule({ schedule, channels, timezone }: Scheduled) {
  const { id, project_id, name, paused, sent_to, error } = schedule;
  const answer = useAnswer(sentReports(id));
  return (
    <Kept<Tried>
      of="scheduled-reports"
      id={id}
      name={name}
      paused={paused}
      dialog={(opened, _, close) =>
        opened === "change" ? (
          <ScheduleForm project_id={project_id} channels={channels} schedule={schedule} close={close} />
        ) : (
          <ShownTest tried={opened} close={close} />
        )
      }
      {...TRIED}
    >
      <p class="lead">{error ?? words.alerts.sentUpToDay(sent_to)}</p>
      <Answered answer={answer} what={words.alerts.sentReports} skeleton={<TableSkeleton columns={SENT} rows={3} />}>
        {({ rows }) => (
          <DataTable
            name={words.alerts.sentReportsTable}
            columns={SENT}
            rows={rows}
            keyOf={({ to, channel_id }) => `${to} ${channel_id}`}
            timezone={timezone}
            sort="-to"
            none={<p>{words.alerts.noneYet}</p>}
          />
        )}
      </Answered>
    </Kept>
  );
}

export const OneChannel = ({ channel }: { channel: ChannelView }) => (
  <Kept<ShownChannel>
    of="channels"
    id={channel.id}
    name={channel.name}
    dialog={(opened, open, close) =>
      opened === "change" ? (
        <ChannelForm project_id={channel.project_id} channel={channel} show={open} close={close} />
      ) : (
        <ShownSecret made={opened} close={close} />
      )
    }
    {...COMMON}
  >
    <p class="lead">{channel.to}</p>
  </Kept>
);
