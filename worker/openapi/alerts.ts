/** Channels and alerts, in the document. */
import * as z from "zod";
import {
  type AlertView,
  alertChanges,
  alertsQuery,
  historyQuery,
  type IncidentView,
  newAlert,
  type TriedAlert,
} from "../admin/alerts.ts";
import { type ChannelView, channelChanges, channelsQuery, newChannel } from "../admin/channels.ts";
import {
  newSchedule,
  type ScheduleView,
  type SentReport,
  scheduleChanges,
  schedulesQuery,
  sentQuery,
  type TriedReport,
} from "../admin/schedules.ts";
import { unsubscribeQuery } from "../admin/unsubscribe.ts";
import { ALERT_STATES } from "../alerts/alert.ts";
import { condition } from "../alerts/condition.ts";
import { CHANNEL_KINDS } from "../channels/channel.ts";
import { NOTICE_KINDS } from "../channels/message.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { EVERY } from "../schedules/period.ts";
import { paged, rows } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const alerts = { tag: "Alerts", role: "admin" } as const;

const channelFields = {
  id: text,
  project_id: text,
  name: text,
  kind: z.enum(CHANNEL_KINDS),
  to: text.describe("Where it goes, without what lets others write there."),
  created_at: instant,
};
const channelView = z.object(channelFields).meta({ id: "Channel" }) satisfies z.ZodType<ChannelView>;
const shownChannel = z
  .object({
    ...channelFields,
    secret: text.exactOptional().describe("Of a webhook: what its messages are signed with; shown this once."),
  })
  .meta({ id: "ShownChannel" });

const finding = text.describe("What was found, in a sentence.");
const answered = {
  error: maybe.describe("Why it does not count as delivered."),
};
const alertView = z
  .object({
    id: text,
    project_id: text,
    name: text,
    condition,
    channels: z.array(text).describe("Ids of channels."),
    cool_down: whole.describe("Minutes from the end of an incident in which no other one begins."),
    quiet_from: maybe,
    quiet_to: maybe,
    state: z.enum(ALERT_STATES).describe("`open`: an incident goes on. `failing`: it cannot be judged."),
    created_at: instant,
    checked_at: instant.nullable().describe("When it was last judged; null before the first time."),
    error: maybe.describe("Why it could not be judged."),
    incident: z.object({ id: text, opened_at: instant, finding }).nullable(),
  })
  .meta({ id: "Alert" }) satisfies z.ZodType<AlertView>;
const noticeFields = {
  channel_id: text,
  channel: maybe.describe("Its name; null where it was removed."),
  status: z.enum(["waiting", "sent", "dead"]),
  tries: whole,
  at: instant.describe("When it was sent or given up; while it waits, when the next try is due."),
  answer: z.int().nullable().describe("The status of the last answer; null where none came."),
  ...answered,
};
const incident = z
  .object({
    id: text,
    opened_at: instant,
    ended_at: instant.nullable(),
    finding,
    notices: z.array(z.object({ ...noticeFields, kind: z.enum(NOTICE_KINDS) })),
  })
  .meta({ id: "Incident" }) satisfies z.ZodType<IncidentView>;
const triedChannels = z.array(
  z.object({
    channel_id: text,
    channel: text,
    kind: z.enum(CHANNEL_KINDS),
    taken: z.boolean(),
    status: z.int().nullable().describe("Of the answer; null where none came."),
    took_ms: whole,
    response: text.describe("How its body begins, 500 characters at most."),
    ...answered,
  }),
);
const triedAlert = z
  .object({
    holds: z.boolean().nullable().describe("Whether its condition holds now; null where that cannot be said."),
    finding,
    sent: triedChannels,
  })
  .meta({ id: "TriedAlert" }) satisfies z.ZodType<TriedAlert>;

const schedule = z
  .object({
    id: text,
    project_id: text,
    name: text,
    every: z.enum(EVERY),
    hour: whole.describe("The hour of the project's clock from which on it is sent."),
    banner_tags: z.array(text).nullable(),
    segment_id: maybe,
    channels: z.array(text).describe("Ids of channels."),
    unsubscribed: z.array(text).describe("Ids of channels whose reader wants it no more."),
    paused: z.boolean(),
    created_at: instant,
    sent_to: z.iso.date().describe("The last day of the newest period that was sent, or over when it was made."),
    error: maybe.describe("Why none can be made."),
  })
  .meta({ id: "ScheduledReport" }) satisfies z.ZodType<ScheduleView>;
const sentReport = z
  .object({ ...noticeFields, to: z.iso.date().describe("The last day of its period.") })
  .meta({ id: "SentReport" }) satisfies z.ZodType<SentReport>;
const triedReport = z
  .object({ from: z.iso.date(), to: z.iso.date(), sent: triedChannels })
  .meta({ id: "TriedReport" }) satisfies z.ZodType<TriedReport>;

const unsubscribing = {
  tag: "Alerts",
  role: null,
  path: "/api/v1/unsubscribe",
  query: unsubscribeQuery,
  problems: [404],
} as const satisfies Partial<Operation>;

export const alertOperations: Operation[] = [
  {
    ...alerts,
    id: "listChannels",
    method: "get",
    path: "/api/v1/channels",
    summary: "List the channels of a project",
    description: "Whom alerts and scheduled reports can be sent to.",
    query: channelsQuery,
    answers: { 200: { description: "Never their settings.", content: json(rows(channelView)) } },
  },
  {
    ...alerts,
    id: "createChannel",
    method: "post",
    path: "/api/v1/channels",
    summary: "Make a channel",
    description: "What `settings` each kind has is in docs/alerts.md. They are never shown again.",
    body: {
      schema: newChannel,
      examples: {
        Webhook: { name: "Our server", kind: "webhook", settings: { url: "https://hooks.example.com/edgepixel" } },
        Telegram: { name: "Team", kind: "telegram", settings: { token: "123456:ABC-DEF", chat_id: "-1001" } },
      },
    },
    answers: { 201: { description: "The channel.", content: json(shownChannel) } },
    problems: [409],
  },
  {
    ...alerts,
    id: "changeChannel",
    method: "patch",
    path: "/api/v1/channels/{id}",
    summary: "Change a channel",
    description: "`settings` are given whole. `new_secret: true` replaces what a webhook is signed with, at once.",
    body: { schema: channelChanges, examples: { Name: { name: "Our server" } } },
    answers: { 200: { description: "The channel as it is now.", content: json(shownChannel) } },
    problems: [404],
  },
  {
    ...alerts,
    id: "removeChannel",
    method: "delete",
    path: "/api/v1/channels/{id}",
    summary: "Remove a channel",
    description: "Nothing is sent to it any more, what waited included; alerts and reports go on without it.",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
  {
    ...alerts,
    id: "listAlerts",
    method: "get",
    path: "/api/v1/alerts",
    summary: "List the alerts of a project",
    description: "What each watches, and how it is now.",
    query: alertsQuery,
    answers: { 200: { description: "The oldest first.", content: json(rows(alertView)) } },
  },
  {
    ...alerts,
    id: "createAlert",
    method: "post",
    path: "/api/v1/alerts",
    summary: "Make an alert",
    description: "Kinds of conditions are in docs/alerts.md. It is judged every five minutes, or each hour.",
    body: {
      schema: newAlert,
      examples: {
        Silence: {
          name: "No deposits of aff-x",
          condition: { kind: "silence", event_type: "deposit", banner_tags: ["aff-x"], minutes: 360 },
          channels: [],
        },
        Threshold: {
          name: "Few visits",
          condition: { kind: "threshold", metric: "visits", comparison: "below", value: 10, minutes: 60 },
          channels: [],
          quiet_from: "22:00",
          quiet_to: "07:00",
        },
      },
    },
    answers: { 201: { description: "The alert.", content: json(alertView) } },
    problems: [409],
  },
  {
    ...alerts,
    id: "changeAlert",
    method: "patch",
    path: "/api/v1/alerts/{id}",
    summary: "Change, pause or resume an alert",
    description: "Only the fields that are given; a condition is given whole.",
    body: { schema: alertChanges, examples: { Pause: { paused: true }, Rest: { cool_down: 240 } } },
    answers: { 200: { description: "The alert as it is now.", content: json(alertView) } },
    problems: [404],
  },
  {
    ...alerts,
    id: "removeAlert",
    method: "delete",
    path: "/api/v1/alerts/{id}",
    summary: "Remove an alert",
    description: "Its incidents go, too, and what waited to be sent of them.",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
  {
    ...alerts,
    id: "testAlert",
    method: "post",
    path: "/api/v1/alerts/{id}/test",
    summary: "Send a test to an alert's channels",
    description:
      "At once, also where it is paused, with what its condition finds now. Waits for the answers, 10 seconds at most. No incident begins.",
    answers: { 200: { description: "What was found, and what came back.", content: json(triedAlert) } },
    problems: [404],
  },
  {
    ...alerts,
    id: "listIncidents",
    method: "get",
    path: "/api/v1/alerts/{id}/history",
    summary: "The incidents of an alert",
    description: "With what was sent of each, kept for 90 days.",
    query: historyQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(incident)) } },
    problems: [404],
  },
  {
    ...alerts,
    id: "listScheduledReports",
    method: "get",
    path: "/api/v1/scheduled-reports",
    summary: "List the scheduled reports of a project",
    description: "What is sent by itself, how often, and to whom.",
    query: schedulesQuery,
    answers: { 200: { description: "The oldest first.", content: json(rows(schedule)) } },
  },
  {
    ...alerts,
    id: "createScheduledReport",
    method: "post",
    path: "/api/v1/scheduled-reports",
    summary: "Make a scheduled report",
    description: "The first one is of the period that is not over yet.",
    body: {
      schema: newSchedule,
      examples: {
        Weekly: { name: "The week", every: "week", channels: [] },
        Affiliate: { name: "aff-x by day", every: "day", hour: 8, banner_tags: ["aff-x"], channels: [] },
      },
    },
    answers: { 201: { description: "The scheduled report.", content: json(schedule) } },
    problems: [409],
  },
  {
    ...alerts,
    id: "changeScheduledReport",
    method: "patch",
    path: "/api/v1/scheduled-reports/{id}",
    summary: "Change, pause or resume a scheduled report",
    description: "Only the fields that are given. What was over while it was paused is not sent.",
    body: { schema: scheduleChanges, examples: { Pause: { paused: true }, Hour: { hour: 9 } } },
    answers: { 200: { description: "The scheduled report as it is now.", content: json(schedule) } },
    problems: [404],
  },
  {
    ...alerts,
    id: "removeScheduledReport",
    method: "delete",
    path: "/api/v1/scheduled-reports/{id}",
    summary: "Remove a scheduled report",
    description: "What waited to be sent goes, too.",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
  {
    ...alerts,
    id: "testScheduledReport",
    method: "post",
    path: "/api/v1/scheduled-reports/{id}/test",
    summary: "Send the last period's report now",
    description: "To all its channels, also where it is paused. It counts for nothing: the period is sent as always.",
    answers: { 200: { description: "Of which days, and what came back.", content: json(triedReport) } },
    problems: [400, 404],
  },
  {
    ...alerts,
    id: "listSentReports",
    method: "get",
    path: "/api/v1/scheduled-reports/{id}/history",
    summary: "What was sent of a scheduled report",
    description: "A row a period and channel, kept for 90 days.",
    query: sentQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(sentReport)) } },
    problems: [404],
  },
  {
    ...unsubscribing,
    id: "showUnsubscribing",
    method: "get",
    summary: "Ask a reader whether to end a report",
    description: "The link at the end of a report by mail. It changes nothing.",
    answers: { 200: { description: "A page with a button.", content: { "text/html": z.string() } } },
  },
  {
    ...unsubscribing,
    id: "unsubscribe",
    method: "post",
    summary: "End a report for its reader",
    description: "What the button does, and what mail programs do by one click (RFC 8058).",
    answers: { 200: { description: "A page that says so.", content: { "text/html": z.string() } } },
  },
];
