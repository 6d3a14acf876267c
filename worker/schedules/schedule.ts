/** Reports that are sent by themselves: of which figures, how often, and to whom. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import type { Every } from "./period.ts";

/** What an administrator sets. */
export type ScheduleSettings = {
  name: string;
  every: Every;
  /** The hour of the project's clock from which on it is sent. */
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
  /** The address of this instance by which it was made: its messages link to it. */
  origin: string;
  /** Ids of channels whose reader wants it no more. */
  unsubscribed: string[];
  created_at: number;
  paused_at: number | null;
  /** The last day of the newest period that was sent, or that was over when it was made. */
  sent_to: string;
  /** When it was last tried and failed. */
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

/** Those of all projects, or of one; the oldest first. */
export async function schedulesOf(db: Database, project_id: string | null = null): Promise<Schedule[]> {
  const only = project_id === null ? sql`` : sql`WHERE project_id = ${project_id}`;
  return (await db.all<Row>(sql`SELECT * FROM scheduled_reports ${only} ORDER BY created_at, id`)).map(scheduleOf);
}

export async function findSchedule(db: Database, id: string): Promise<Schedule | null> {
  const row = await db.get<Row | undefined>(sql`SELECT * FROM scheduled_reports WHERE id = ${id}`);
  return row ? scheduleOf(row) : null;
}
