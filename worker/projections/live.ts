/** Hands new events to the live counters of their projects: delivered at least once, counted once by `seq`. */
import { sql } from "drizzle-orm";
import type { LiveSettings } from "../live/counters.ts";
import type { LiveEvent } from "../live/stream.ts";
import type { Delivery } from "./projection.ts";
import { newEvents } from "./resolve.ts";

type Row = LiveEvent & LiveSettings;

export const live: Delivery = {
  name: "live",
  after: [],
  async deliver(env, db, range, now) {
    const rows = await db.all<Row>(sql`WITH ${newEvents({ ...range, repairs: null })}
      SELECT r.seq, r.event_id, r.event_type, r.player_id, r.banner_tag, r.country, r.device, r.app_id,
        r.amount, r.currency, min(e.timestamp, e.received_at) AS at, p.project_id, p.timezone
      FROM resolved r JOIN events e ON e.seq = r.seq JOIN projects p ON p.project_id = r.project_id
      ORDER BY r.seq`);
    for (const [project_id, own] of Map.groupBy(rows, (row) => row.project_id)) {
      const settings = { project_id, timezone: (own[0] as Row).timezone };
      const events = own.map(({ project_id: _, timezone: __, ...event }) => event);
      await env.LIVE.getByName(project_id).apply(settings, events, now);
    }
    return [];
  },
  async clear(env, db) {
    const projects = await db.all<{ project_id: string }>(sql`SELECT project_id FROM projects`);
    for (const { project_id } of projects) await env.LIVE.getByName(project_id).clear();
  },
};
