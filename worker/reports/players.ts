/** One player: what the projections know of them. Personal, so only for analysts. */
import { and, eq } from "drizzle-orm";
import * as z from "zod";
import { Problem } from "../http/problem.ts";
import { players } from "../schema.ts";
import { instant, maybe, text, whole } from "./answer.ts";
import { common } from "./period.ts";
import { report } from "./report.ts";

const answer = z
  .object({
    project_id: text,
    player_id: text,
    first_seen: instant,
    last_event_at: instant,
    visit_at: instant.nullable(),
    registration_at: instant.nullable(),
    deposit_at: instant.nullable(),
    second_deposit_at: instant.nullable(),
    third_deposit_at: instant.nullable(),
    total_events: whole,
    total_deposits: whole,
    first_tag: maybe.describe("The tag of the first tagged event."),
    last_tag: maybe.describe("The tag of the last tagged event."),
    registration_tag: maybe.describe("The tag that the registration counts for."),
    deposit_tag: maybe.describe("The tag that the first deposit counts for."),
  })
  .meta({ id: "PlayerProfile" });

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export const player = report({
  id: "getPlayer",
  path: "/players/:player_id",
  summary: "One player: milestones and tags",
  role: "analyst",
  query: z.strictObject(common),
  answer,
  holds: "What is known of the player.",
  examples: { player_id: "player-42" },
  problems: [404],
  reads: "all",
  async read({ db, project: { project_id }, params: { player_id }, tags }) {
    const [row] = await db
      .select()
      .from(players)
      .where(and(eq(players.project_id, project_id), eq(players.person, player_id)));
    const brought = [row?.first_tag, row?.last_tag, row?.registration_tag, row?.deposit_tag];
    if (!row || (tags && !brought.some((tag) => tag && tags.includes(tag))))
      throw new Problem(404, `There is no player ${player_id} in ${project_id}.`);
    const body = {
      project_id,
      player_id,
      first_seen: iso(row.first_seen) as string,
      last_event_at: iso(row.last_event_at) as string,
      visit_at: iso(row.visit_at),
      registration_at: iso(row.registration_at),
      deposit_at: iso(row.deposit_at),
      second_deposit_at: iso(row.second_deposit_at),
      third_deposit_at: iso(row.third_deposit_at),
      total_events: row.total_events,
      total_deposits: row.total_deposits,
      first_tag: row.first_tag || null,
      last_tag: row.last_tag || null,
      registration_tag: row.registration_tag || null,
      deposit_tag: row.deposit_tag || null,
    };
    return { body, columns: Object.keys(body), rows: [body] };
  },
});
