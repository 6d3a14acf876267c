/** The columns of alerts, incidents, channels, scheduled reports and what was sent of one. */
import type { AlertView, IncidentView } from "../../worker/admin/alerts.ts";
import type { ChannelView } from "../../worker/admin/channels.ts";
import type { ScheduleView, SentReport } from "../../worker/admin/schedules.ts";
import { spoken, stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

export const Standing = ({ state }: Pick<AlertView, "state">) => (
  <span class={`badge ${state === "quiet" ? "good" : "bad"}`}>{stateText(state)}</span>
);

export const ALERTS: readonly Column<AlertView>[] = [
  { name: "name", title: words.common.name, kind: "text" },
  { name: "state", title: words.common.state, kind: "text", show: (row) => <Standing state={row.state} /> },
  {
    name: "finding",
    title: words.alerts.whatWasFound,
    kind: "text",
    prose: true,
    value: ({ incident, error }) => error ?? incident?.finding ?? null,
  },
];

export const INCIDENTS: readonly Column<IncidentView>[] = [
  { name: "opened_at", title: words.alerts.began, kind: "time" },
  { name: "ended_at", title: words.alerts.over, kind: "time" },
  { name: "finding", title: words.alerts.whatWasFound, kind: "text", prose: true },
  {
    name: "notices",
    title: words.common.sent,
    kind: "text",
    prose: true,
    value: ({ notices }) =>
      notices.map(({ channel, status, error }) => `${channel ?? "–"}: ${error ?? stateText(status)}`).join("; "),
  },
];

export const CHANNELS: readonly Column<ChannelView>[] = [
  { name: "name", title: words.common.name, kind: "text" },
  { name: "to", title: words.alerts.to, kind: "text" },
];

export const SCHEDULES: readonly Column<ScheduleView>[] = [
  { name: "name", title: words.common.name, kind: "text" },
  { name: "every", title: words.alerts.every, kind: "text", value: ({ every }) => spoken(every) },
  { name: "sent_to", title: words.alerts.sentUpTo, kind: "text" },
];

export const SENT: readonly Column<SentReport>[] = [
  { name: "to", title: words.alerts.lastDay, kind: "date" },
  {
    name: "channel",
    title: words.alerts.channel,
    kind: "text",
    value: ({ channel }) => channel ?? words.alerts.removed,
  },
  { name: "status", title: words.common.status, kind: "text", value: ({ status }) => stateText(status) },
  { name: "tries", title: words.alerts.tries, kind: "count" },
  { name: "at", title: words.alerts.sentOrNextTry, kind: "time" },
  { name: "error", title: words.common.error, kind: "text", prose: true },
];
