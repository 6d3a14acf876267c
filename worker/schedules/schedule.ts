/** Scheduled reports: their tags, how often they are sent, and to which channels. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import type { Every } from "./period.ts";

/** The settings that an administrator chooses. */
export type ScheduleSettings = {
  name: string;
  every: Every;
  /** The hour, in the project's time zone, from which on it is sent. */
  hour: number;
  /** Null: all tags. */
  banner_tags: string[] | null;
  segment_id: string | null;
  /** Ids of channels. */
  channels: string[];
};

export type Schedule = ScheduleSettings & {
  id: string;
  project_id: string;
  /** The origin of this instance at which the schedule was created: links in messages begin with it. */
  origin: string;
  /** Ids of channels whose reader has unsubscribed. */
  unsubscribed: string[];
  created_at: number;
  paused_at: number | null;
  /** The last day of the newest period that was sent, or that was over when the schedule was created. */
  sent_to: string;
  /** When it last failed, in epoch milliseconds. */
  tried_at: number;
};

type Row = Omit<Schedule, "banner_tags" | "channels" | "unsubscribed"> & {
  banner_tags: string | null;
  channels: string;
  unsubscribed: string;
};

const scheduleOf = (row: Row): Schedule => ({
  ...row,
  banner_tags: row.banner_tags === null ? null : JSON.parse(row.banner_tags),
  channels: JSON.parse(row.channels),
  unsubscribed: JSON.parse(row.unsubscribed),
});

/** The schedules of one project, or of all where `project_id` is null; the oldest first. */
export async function schedulesOf(db: Database, project_id: string | null = null): Promise<Schedule[]> {
  const only = project_id === null ? sql`` : sql`WHERE project_id = ${project_id}`;
  return (await db.all<Row>(sql`SELECT * FROM scheduled_reports ${only} ORDER BY created_at, id`)).map(scheduleOf);
}

export async function findSchedule(db: Database, id: string): Promise<Schedule | null> {
  const row = await db.get<Row | undefined>(sql`SELECT * FROM scheduled_reports WHERE id = ${id}`);
  return row ? scheduleOf(row) : null;
}
