/** The beginning and the end of an incident. Each is one transaction, which also makes the messages to send. */
import { type SQL, sql } from "drizzle-orm";
import { present } from "../channels/channel.ts";
import type { Message } from "../channels/message.ts";
import { makeNotices } from "../channels/notices.ts";
import type { Alert } from "./alert.ts";

/** The address of the alerts in the dashboard. */
const linkOf = (origin: string, project_id: string) =>
  `${origin}/?project_id=${encodeURIComponent(project_id)}&view=alerts`;

type Told = Pick<Alert, "id" | "name" | "project_id" | "origin">;

const about = ({ id, name, project_id, origin }: Told, at: number) => ({
  project_id,
  link: linkOf(origin, project_id),
  at,
  details: { alert: { id, name } },
});

export const opened = (alert: Told, subject: string, finding: string, at: number) =>
  ({
    kind: "opened",
    subject,
    title: `Alert: ${alert.name} (${alert.project_id})`,
    lines: [finding],
    ...about(alert, at),
  }) as const satisfies Message;

const CLOCK = { timeZone: "UTC", dateStyle: "medium", timeStyle: "short", hourCycle: "h23" } as const;
const shown = (at: number) => `${new Intl.DateTimeFormat("en-GB", CLOCK).format(at)} UTC`;

export const ended = (alert: Told, subject: string, since: number, finding: string, at: number) =>
  ({
    kind: "ended",
    subject,
    title: `Over: ${alert.name} (${alert.project_id})`,
    lines: [finding, `It was so from ${shown(since)} to ${shown(at)}.`],
    ...about(alert, at),
  }) as const satisfies Message;

export const tried = (alert: Told, finding: string, at: number): Message => ({
  kind: "test",
  subject: "test",
  title: `Test: ${alert.name} (${alert.project_id})`,
  lines: ["This is a test: somebody pressed the button.", finding],
  ...about(alert, at),
});

/** The id is computed from the alert and the time, so that a repeated run makes no second incident. */
export const incidentId = ({ id }: Pick<Alert, "id">, now: number): string => `${id}.${now}`;

/**
 * Opens an incident, unless the alert was changed, paused or removed meanwhile, has an open incident, or is in the cool-down of
 * the last one.
 */
export function open(
  alert: Alert,
  message: Message & { kind: "opened" },
  finding: string,
  now: number,
  due_at: number,
): SQL[] {
  const { id, project_id, changed_at, cool_down } = alert;
  const { subject } = message;
  return [
    sql`INSERT INTO incidents (id, alert_id, project_id, opened_at, finding)
      SELECT ${subject}, id, project_id, ${now}, ${finding} FROM alerts
      WHERE id = ${id} AND changed_at = ${changed_at} AND paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM incidents i
        WHERE i.alert_id = ${id} AND (i.ended_at IS NULL OR i.ended_at > ${now - cool_down * 60_000}))
      ON CONFLICT (id) DO NOTHING`,
    makeNotices(
      message,
      present(project_id, alert.channels),
      sql`EXISTS (SELECT 1 FROM incidents WHERE id = ${subject})`,
      now,
      due_at,
    ),
  ];
}

/** Ends an incident; the message goes to the channels that got the message of its beginning. */
export const end = (message: Message & { kind: "ended" }, now: number, due_at: number): SQL[] => [
  sql`UPDATE incidents SET ended_at = ${now} WHERE id = ${message.subject} AND ended_at IS NULL`,
  makeNotices(
    message,
    sql`SELECT c.id FROM notices n JOIN channels c ON c.id = n.channel_id AND c.removed_at IS NULL
      WHERE n.subject = ${message.subject} AND n.kind = 'opened' AND n.project_id = ${message.project_id}`,
    sql`EXISTS (SELECT 1 FROM incidents WHERE id = ${message.subject} AND ended_at = ${now})`,
    now,
    due_at,
  ),
];
