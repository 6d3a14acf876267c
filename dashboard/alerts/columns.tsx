/** The columns of alerts, incidents, channels, scheduled reports and what was sent of one. */
import type { AlertView, IncidentView } from "../../worker/admin/alerts.ts";
import type { ChannelView } from "../../worker/admin/channels.ts";
import type { ScheduleView, SentReport } from "../../worker/admin/schedules.ts";
import type { Column } from "../table/columns.ts";

export const Standing = ({ state }: Pick<AlertView, "state">) => (
  <span class={`badge ${state === "quiet" ? "good" : "bad"}`}>{state}</span>
);

export const ALERTS: readonly Column<AlertView>[] = [
  { name: "name", title: "Name", kind: "text" },
  { name: "state", title: "State", kind: "text", show: (row) => <Standing state={row.state} /> },
  {
    name: "finding",
    title: "What was found",
    kind: "text",
    prose: true,
    value: ({ incident, error }) => error ?? incident?.finding ?? null,
  },
];

export const INCIDENTS: readonly Column<IncidentView>[] = [
  { name: "opened_at", title: "Began", kind: "time" },
  { name: "ended_at", title: "Over", kind: "time" },
  { name: "finding", title: "What was found", kind: "text", prose: true },
  {
    name: "notices",
    title: "Sent",
    kind: "text",
    prose: true,
    value: ({ notices }) =>
      notices.map(({ channel, status, error }) => `${channel ?? "–"}: ${error ?? status}`).join("; "),
  },
];

export const CHANNELS: readonly Column<ChannelView>[] = [
  { name: "name", title: "Name", kind: "text" },
  { name: "to", title: "To", kind: "text" },
];

export const SCHEDULES: readonly Column<ScheduleView>[] = [
  { name: "name", title: "Name", kind: "text" },
  { name: "every", title: "Every", kind: "text" },
  { name: "sent_to", title: "Sent up to", kind: "text" },
];

export const SENT: readonly Column<SentReport>[] = [
  { name: "to", title: "Last day", kind: "date" },
  { name: "channel", title: "Channel", kind: "text", value: ({ channel }) => channel ?? "removed" },
  { name: "status", title: "Status", kind: "text" },
  { name: "tries", title: "Tries", kind: "count" },
  { name: "at", title: "Sent, or next try", kind: "time" },
  { name: "error", title: "Error", kind: "text", prose: true },
];
