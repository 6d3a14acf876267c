/** How often a player did each type of event. */

import * as z from "zod";
import { iso } from "../time.ts";
import { counts, instant, text, whole } from "./answer.ts";
import { common } from "./period.ts";
import { eventsByType, knownPlayer } from "./player.ts";
import { report } from "./report.ts";

const answer = z
  .object({
    player_id: text,
    total_events: whole,
    event_breakdown: counts.describe("Events by type."),
    updated_at: instant.describe("When the last of the player's events happened."),
  })
  .meta({ id: "PlayerStats" });
export type PlayerStats = z.output<typeof answer>;

export const playerStats = report({
  id: "getPlayerStats",
  path: "/players/:player_id/stats",
  summary: "A player's events, by type",
  description: "All that is in the log of the player, and of the visitors that the player was.",
  role: "analyst",
  query: z.strictObject(common),
  answer,
  holds: "How many events of each type; in CSV a row a type.",
  examples: { player_id: "player-42" },
  problems: [404],
  reads: "all",
  async read({ db, project: { project_id }, params: { player_id }, tags }) {
    const { last_event_at } = await knownPlayer(db, project_id, player_id, tags);
    const { total_events, event_breakdown } = await eventsByType(db, project_id, player_id, tags);
    const rows = Object.entries(event_breakdown).map(([event_type, total]) => ({ event_type, total }));
    const body = { player_id, total_events, event_breakdown, updated_at: iso(last_event_at) };
    return { body, columns: ["event_type", "total"], rows };
  },
});
