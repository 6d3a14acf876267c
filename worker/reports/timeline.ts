/** The events of a player, the latest first, including those of the visitor before the registration. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { eventType } from "../event.ts";
import { EVENT_COLUMNS, eventView, loggedEvents, viewOf } from "./event.ts";
import { included, ofPlayer } from "./events.ts";
import { list, listed, listOf, pageOf } from "./list.ts";
import { knownPlayer } from "./player.ts";
import { report } from "./report.ts";

const place = z.object({ timestamp: z.int(), seq: z.int() });

export const timeline = report({
  id: "getTimeline",
  path: "/players/:player_id/events",
  summary: "A player's events, the latest first",
  description:
    "With the events of the visitors that the player was. `include=counted` leaves out test events, bots and duplicates.",
  role: "analyst",
  query: z.strictObject({ ...listed, event_type: eventType.optional(), include: included }),
  answer: listOf(eventView).meta({ id: "Timeline" }),
  holds: "A row an event, also of the visitors that the player was.",
  examples: { player_id: "player-42" },
  tries: ["event_type=visit&limit=1&include=counted"],
  problems: [404],
  reads: "now",
  async read({ env, db, project, params: { player_id }, tags, query }) {
    await knownPlayer(db, project.project_id, player_id, tags);
    const chosen = sql`${query.event_type === undefined ? sql`` : sql`AND e.event_type = ${query.event_type}`}
      ${query.include === "counted" ? sql`AND e.counted = 1` : sql``}`;
    return list({ env, project, query }, EVENT_COLUMNS, place, async (after, limit) => {
      const before =
        after === null
          ? sql``
          : sql`AND e.timestamp <= ${after.timestamp} AND (e.timestamp < ${after.timestamp} OR e.seq < ${after.seq})`;
      const from = sql`${ofPlayer(project.project_id, player_id)} ${chosen} ${before}`;
      const found = await loggedEvents(db, from, tags, sql`timestamp DESC, seq DESC`, limit + 1);
      const { rows, next } = pageOf(found, limit, ({ timestamp, seq }) => ({ timestamp, seq }));
      return { rows: rows.map(viewOf), next };
    });
  },
});
