/** Alerts: the condition that each one watches, and the channels that get its messages. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import type { Condition } from "./condition.ts";
import type { Quiet } from "./quiet.ts";

/** The settings that an administrator chooses. */
export type AlertSettings = Quiet & {
  name: string;
  condition: Condition;
  /** Ids of channels. */
  channels: string[];
  /** Minutes after the end of an incident in which no new one begins. */
  cool_down: number;
};

export type Alert = AlertSettings & {
  id: string;
  project_id: string;
  /** The origin of this instance at which the alert was created: links in messages begin with it. */
  origin: string;
  created_at: number;
  changed_at: number;
  paused_at: number | null;
  checked_at: number;
  error: string | null;
  /** The incident that has not ended; null where there is none. */
  incident: { id: string; opened_at: number; finding: string } | null;
};

type AlertRow = Omit<Alert, "condition" | "channels" | "incident"> & {
  condition: string;
  channels: string;
  incident_id: string | null;
  opened_at: number | null;
  finding: string | null;
};

const alertOf = ({ incident_id, opened_at, finding, ...row }: AlertRow): Alert => ({
  ...row,
  condition: JSON.parse(row.condition),
  channels: JSON.parse(row.channels),
  incident:
    incident_id === null ? null : { id: incident_id, opened_at: opened_at as number, finding: finding as string },
});

const READ = sql`SELECT a.*, i.id AS incident_id, i.opened_at, i.finding
  FROM alerts a LEFT JOIN incidents i ON i.alert_id = a.id AND i.ended_at IS NULL`;

/** The alerts of one project, or of all where `project_id` is null; those first that were judged longest ago. */
export async function alertsOf(db: Database, project_id: string | null = null): Promise<Alert[]> {
  const only = project_id === null ? sql`` : sql`WHERE a.project_id = ${project_id}`;
  return (await db.all<AlertRow>(sql`${READ} ${only} ORDER BY a.checked_at, a.created_at, a.id`)).map(alertOf);
}

export async function findAlert(db: Database, id: string): Promise<Alert | null> {
  const row = await db.get<AlertRow | undefined>(sql`${READ} WHERE a.id = ${id}`);
  return row ? alertOf(row) : null;
}

export const ALERT_STATES = ["quiet", "open", "failing", "paused"] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** `open`: its condition holds. `failing`: it cannot be judged. */
export const stateOf = ({ paused_at, error, incident }: Pick<Alert, "paused_at" | "error" | "incident">): AlertState =>
  paused_at !== null ? "paused" : error !== null ? "failing" : incident !== null ? "open" : "quiet";
