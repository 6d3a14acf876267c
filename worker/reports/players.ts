/** One player: what the projections know of them. Personal, so only for analysts. */
import { and, eq } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { atLeast, ofProject } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { openDatabase, players } from "../schema.ts";
import { common } from "./period.ts";
import { table } from "./table.ts";

export type PlayerProfile = {
  project_id: string;
  player_id: string;
  /** ISO 8601, as all times here. */
  first_seen: string;
  last_event_at: string;
  visit_at: string | null;
  registration_at: string | null;
  deposit_at: string | null;
  second_deposit_at: string | null;
  total_events: number;
  total_deposits: number;
  /** The tags of the first and the last tagged event. */
  first_tag: string | null;
  last_tag: string | null;
  /** The tag that the registration and the first deposit count for. */
  registration_tag: string | null;
  deposit_tag: string | null;
};

export const playerQuery = z.strictObject(common);

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export const playerRoutes = new Hono<App>().get(
  "/players/:player_id",
  atLeast("analyst"),
  parameters(playerQuery),
  ofProject,
  async (c) => {
    const { project_id } = c.var.project;
    const player_id = c.req.param("player_id");
    const [row] = await openDatabase(c.env.DB)
      .select()
      .from(players)
      .where(and(eq(players.project_id, project_id), eq(players.person, player_id)));
    const own = c.var.principal.banner_tags;
    const brought = [row?.first_tag, row?.last_tag, row?.registration_tag, row?.deposit_tag];
    if (!row || (own && !brought.some((tag) => tag && own.includes(tag))))
      throw new Problem(404, `There is no player ${player_id} in ${project_id}.`);
    const profile: PlayerProfile = {
      project_id,
      player_id,
      first_seen: iso(row.first_seen) as string,
      last_event_at: iso(row.last_event_at) as string,
      visit_at: iso(row.visit_at),
      registration_at: iso(row.registration_at),
      deposit_at: iso(row.deposit_at),
      second_deposit_at: iso(row.second_deposit_at),
      total_events: row.total_events,
      total_deposits: row.total_deposits,
      first_tag: row.first_tag || null,
      last_tag: row.last_tag || null,
      registration_tag: row.registration_tag || null,
      deposit_tag: row.deposit_tag || null,
    };
    return table(c, profile, Object.keys(profile), [profile]);
  },
);
