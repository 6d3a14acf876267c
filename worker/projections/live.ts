/**
 * Delivers new events to the live counters of their projects: at least once, and the counters count each `seq` once. An
 * event that no longer counts, because it repeats a trusted event, is taken back when that event is delivered.
 */
import { type SQL, sql } from "drizzle-orm";
import type { LiveSettings } from "../live/messages.ts";
import type { LiveEvent } from "../live/stream.ts";
import { budgetOf } from "../store/budget.ts";
import type { Delivery } from "./projection.ts";
import { newEvents, noLongerCounted } from "./resolve.ts";

type Row = LiveEvent & LiveSettings;

/** Calls and statements of a step in addition to those of the projects' objects. */
const OTHER_CALLS = 7;

/** Calls that a rebuild makes once the objects are empty. */
const CALLS_AFTER_CLEARING = 5;

/** The rows for the counters, of `resolved` events: the `seq` at which each is delivered, and the event that it takes back. */
const liveRows = (resolved: SQL, seq: SQL, takes_back: SQL) => sql`WITH ${resolved}
  SELECT ${seq} AS seq, ${takes_back} AS takes_back, r.event_id, r.event_type, r.player_id, r.person,
    char(31) || e.visitor_id AS visitor, r.banner_tag, r.country,
    r.device, r.app_id, r.amount, r.currency, min(e.timestamp, e.received_at) AS at, p.project_id, p.timezone
  FROM resolved r JOIN events e ON e.seq = r.seq JOIN projects p ON p.project_id = r.project_id`;

export const live: Delivery = {
  name: "live",
  after: [],
  /** Each project is one call: as many projects as the calls allow, in the order in which their events arrived. */
  async reach(db, { after, upTo }, _, calls) {
    const most = Math.max(1, calls - OTHER_CALLS);
    const beyond = await db.get<{ seq: number | null }>(sql`SELECT min(first) AS seq FROM (
      SELECT min(seq) AS first FROM events WHERE seq > ${after} AND seq <= ${upTo}
      GROUP BY project_id ORDER BY first LIMIT -1 OFFSET ${most})`);
    return beyond?.seq == null ? upTo : beyond.seq - 1;
  },
  async deliver(env, db, range, now) {
    const found = await Promise.all([
      db.all<Row>(liveRows(newEvents({ ...range, repairs: null }), sql`r.seq`, sql`NULL`)),
      db.all<Row>(liveRows(noLongerCounted(range), sql`r.superseded_at`, sql`r.seq`)),
    ]);
    const rows = found.flat().sort((a, b) => a.seq - b.seq);
    for (const [project_id, projectRows] of Map.groupBy(rows, (row) => row.project_id)) {
      const settings = { project_id, timezone: (projectRows[0] as Row).timezone };
      const events = projectRows.map(({ project_id: _, timezone: __, ...event }) => event);
      await env.LIVE.getByName(project_id).apply(settings, events, now, range.epoch);
    }
    return [];
  },
  async clear(env, db, epoch) {
    const projects = await db.all<{ project_id: string }>(sql`SELECT project_id FROM projects`);
    // Counters for which no call is left are emptied with the first event that they get in the new epoch.
    const most = Math.max(0, budgetOf(env).left - CALLS_AFTER_CLEARING);
    for (const { project_id } of projects.slice(0, most)) await env.LIVE.getByName(project_id).clear(epoch);
  },
};
