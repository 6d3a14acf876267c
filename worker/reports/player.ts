/** One player: first and last event, milestones with their tags, and events by type. Personal, so only for analysts. */

import { and, eq, sql } from "drizzle-orm";
import * as z from "zod";
import { Problem } from "../http/problem.ts";
import { doings } from "../projections/doings.ts";
import type { Database } from "../store/database.ts";
import { players } from "../store/schema.ts";
import { iso } from "../time.ts";
import { amounts, instant, maybe, money, telling, text, whole } from "./answer.ts";
import { codeOf, columnsIn, given, inOneCurrency, wanted } from "./currency.ts";
import { common } from "./period.ts";
import { report } from "./report.ts";
import { SEGMENT_NAMES } from "./segments.ts";
import { convertedSpend, spendBy } from "./spend.ts";

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
    total_spins: whole,
    total_purchases: whole,
    total_withdrawals: whole,
    spend: amounts.describe("Purchases and deposits less refunds, in the currencies that they came in."),
    spend_usd: money.describe("The same in USD, at the rates of the events' dates."),
    unconverted: amounts.describe(
      "Purchases and deposits that have no rate in force on their date: they are in no figure in USD.",
    ),
    refunded_unconverted: amounts,
    withdrawn: amounts,
    withdrawn_usd: money,
    withdrawn_unconverted: amounts,
    ...given,
    converted: convertedSpend.exactOptional().describe("With `currency`: amounts in it."),
    segment: telling(z.enum(SEGMENT_NAMES)).describe(
      "By `spend_usd`: whale from 100, dolphin from 20, minnow from 5, else free; unknown where part of it has no rate.",
    ),
    favourite_app: maybe.describe("The one with most events."),
    first_tag: maybe.describe("The tag of the first tagged event."),
    last_tag: maybe.describe("The tag of the last tagged event."),
    registration_tag: maybe.describe("The tag that the registration counts for."),
    deposit_tag: maybe.describe("The tag that the first deposit counts for."),
    email: maybe.describe("What an `auth` event gave last."),
    phone: maybe.describe("What an `auth` event gave last."),
  })
  .meta({ id: "PlayerProfile" });
export type PlayerProfile = z.output<typeof answer>;

export type Player = typeof players.$inferSelect;

/** The player, or a 404, which is also the answer where none of the asker's tags brought the player. */
export async function knownPlayer(db: Database, project_id: string, player_id: string, tags: string[] | null) {
  const [row] = await db
    .select()
    .from(players)
    .where(and(eq(players.project_id, project_id), eq(players.person, player_id)));
  if (!row?.player_id || !broughtBy(row, tags))
    throw new Problem(404, `There is no player ${player_id} in ${project_id}.`);
  return row;
}

const BROUGHT = ["first_tag", "last_tag", "registration_tag", "deposit_tag"] as const;
const broughtBy = (row: Player, tags: string[] | null) =>
  tags === null || BROUGHT.some((name) => row[name] && tags.includes(row[name]));

/** The tags of a player. A tag that the asker may not see is null, as is no tag. */
export const tagsOf = (row: Pick<Player, (typeof BROUGHT)[number]>, tags: string[] | null) => {
  const shown = (tag: string | null) => (tag && (tags === null || tags.includes(tag)) ? tag : null);
  return {
    first_tag: shown(row.first_tag),
    last_tag: shown(row.last_tag),
    registration_tag: shown(row.registration_tag),
    deposit_tag: shown(row.deposit_tag),
  };
};

/** How many events of each type, under these tags. */
export async function eventsByType(db: Database, project_id: string, player_id: string, tags: string[] | null) {
  const rows = await db.all<{ event_type: string; total: number }>(sql`
    ${doings(project_id, [player_id], tags)} SELECT event_type, sum(total) AS total FROM doings GROUP BY event_type ORDER BY event_type`);
  return {
    total_events: rows.reduce((sum, { total }) => sum + total, 0),
    event_breakdown: Object.fromEntries(rows.map(({ event_type, total }) => [event_type, total])),
  };
}

export const player = report({
  id: "getPlayer",
  path: "/players/:player_id",
  summary: "One player: milestones, figures, tags and contact",
  description: "A key that is limited to some tags sees the players whom those brought, and the figures under them.",
  role: "analyst",
  query: z.strictObject({ ...common, ...wanted }),
  tries: ["currency=project"],
  answer,
  holds: "What is known of the player.",
  examples: { player_id: "player-42" },
  problems: [404],
  reads: "all",
  converts: true,
  async read({ db, project, params: { player_id }, tags, query }) {
    const { project_id } = project;
    const into = codeOf(project, query);
    const row = await knownPlayer(db, project_id, player_id, tags);
    const [{ total_events, event_breakdown }, spend, favourite, contact] = await Promise.all([
      eventsByType(db, project_id, player_id, tags),
      spendBy(db, project_id, [player_id], tags, into),
      db.get<{ app_id: string } | undefined>(sql`${doings(project_id, [player_id], tags)}
        SELECT app_id FROM doings WHERE app_id <> '' GROUP BY app_id ORDER BY sum(total) DESC, app_id LIMIT 1`),
      db.get<{ email: string | null; phone: string | null }>(sql`
        SELECT email, phone FROM player_profiles WHERE project_id = ${project_id} AND uid = ${player_id}`),
    ]);
    const totalOf = (event_type: string) => event_breakdown[event_type] ?? 0;
    const body = {
      project_id,
      player_id,
      first_seen: iso(row.first_seen),
      last_event_at: iso(row.last_event_at),
      visit_at: iso(row.visit_at),
      registration_at: iso(row.registration_at),
      deposit_at: iso(row.deposit_at),
      second_deposit_at: iso(row.second_deposit_at),
      third_deposit_at: iso(row.third_deposit_at),
      total_events,
      total_deposits: totalOf("deposit"),
      total_spins: totalOf("spin"),
      total_purchases: totalOf("purchase"),
      total_withdrawals: totalOf("withdrawal"),
      ...spend(player_id),
      ...(into !== null && { currency: into }),
      favourite_app: favourite?.app_id ?? null,
      ...tagsOf(row, tags),
      email: contact?.email ?? null,
      phone: contact?.phone ?? null,
    };
    const columns = Object.keys(answer.shape).filter((name) => name !== "converted" && name !== "currency");
    return {
      body,
      columns: columnsIn(columns, Object.keys(convertedSpend.shape), into),
      rows: [inOneCurrency(body, into)],
    };
  },
});
