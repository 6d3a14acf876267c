/** Channels: where a project sends the messages of its alerts and its scheduled reports. */

import { type SQL, sql } from "drizzle-orm";
import type * as z from "zod";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import type { KINDS } from "./kinds.ts";

export const CHANNEL_KINDS = ["webhook", "slack", "discord", "telegram", "email"] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

type SettingsOf<Kind extends ChannelKind> = z.output<(typeof KINDS)[Kind]["settings"]>;
/** Each kind with the settings of that kind. */
export type ChannelSettings = { [Kind in ChannelKind]: { kind: Kind; settings: SettingsOf<Kind> } }[ChannelKind];

export type Channel = ChannelSettings & {
  id: string;
  project_id: string;
  name: string;
  secret: string;
  created_at: number;
};

type ChannelRow = Omit<Channel, "settings"> & { settings: string; removed_at: number | null };

const channelOf = ({ removed_at: _, ...row }: ChannelRow): Channel =>
  ({ ...row, settings: JSON.parse(row.settings) }) as Channel;

/** The oldest first. */
export async function channelsOf(db: Database, project_id: string): Promise<Channel[]> {
  const rows = await db.all<ChannelRow>(sql`SELECT * FROM channels
    WHERE project_id = ${project_id} AND removed_at IS NULL ORDER BY created_at, id`);
  return rows.map(channelOf);
}

export async function findChannel(db: Database, id: string): Promise<Channel | null> {
  const row = await db.get<ChannelRow | undefined>(sql`SELECT * FROM channels WHERE id = ${id} AND removed_at IS NULL`);
  return row ? channelOf(row) : null;
}

/** The ids of a list whose channels have not been removed. */
export const present = (project_id: string, ids: readonly string[]): SQL => sql`SELECT id FROM channels
  WHERE project_id = ${project_id} AND removed_at IS NULL AND id ${among(ids)}`;
