/** Who has scored most in an app: on a day, in a week (from Monday) or ever. */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, localTime, mondayOf } from "../calendar.ts";
import { pageParameters } from "../http/page.ts";
import { Problem } from "../http/problem.ts";
import { BOARDS, type BoardPeriod, MILLION } from "../projections/leaderboards.ts";
import type { Database } from "../store/database.ts";
import { text, whole } from "./answer.ts";
import { common, date } from "./period.ts";
import { report } from "./report.ts";

/** One board of an app. `starts_on` is its day, or its week's Monday; '' for all time. */
export type Board = { project_id: string; app_id: string; period: BoardPeriod; starts_on: string };

const PERIODS = Object.keys(BOARDS) as BoardPeriod[];

const query = z.strictObject({
  ...common,
  period: z
    .enum(PERIODS, `must be one of ${PERIODS.join(", ")}`)
    .default("daily")
    .describe("What the scores are summed over; weeks start on Monday. `daily` where absent."),
  date: date.optional().describe("The day, or any day of the week, in the project's time zone. Today where absent."),
  limit: pageParameters.limit,
  around: z
    .string("must be given once")
    .min(1, "must not be empty")
    .max(256, "is too long")
    .optional()
    .describe("A player: the answer is `limit` places about theirs."),
});

const entry = z.object({
  rank: z.int().min(1),
  player_id: text,
  score: z.number().describe("The sum of scores in the period; exact up to 2^53."),
});
export type LeaderboardEntry = z.output<typeof entry>;

const answer = z
  .object({
    project_id: text,
    app_id: text,
    period: z.enum(PERIODS),
    from: z.iso.date().nullable().describe("The board's first day; null for all time."),
    to: z.iso.date().nullable().describe("The board's last day; null for all time."),
    entries: z.array(entry),
    players: whole.describe("All players on the board."),
  })
  .meta({ id: "Leaderboard" });

type Row = { player_id: string; millions: number; rest: number };

const rowsOf = ({ project_id, app_id, period, starts_on }: Board): SQL =>
  sql`FROM leaderboards WHERE project_id = ${project_id} AND app_id = ${app_id} AND period = ${period}
    AND starts_on = ${starts_on}`;

/** `limit` places after the first `skipped`. */
export async function places(db: Database, board: Board, skipped: number, limit: number): Promise<LeaderboardEntry[]> {
  const rows = await db.all<Row>(sql`SELECT player_id, millions, rest ${rowsOf(board)}
    ORDER BY millions DESC, rest DESC, reached, player_id LIMIT ${limit} OFFSET ${skipped}`);
  return rows.map(({ player_id, millions, rest }, index) => ({
    rank: skipped + index + 1,
    player_id,
    score: Number(BigInt(millions) * BigInt(MILLION) + BigInt(rest)),
  }));
}

export async function playersOn(db: Database, board: Board): Promise<number> {
  return (await db.get<{ players: number }>(sql`SELECT count(*) AS players ${rowsOf(board)}`))?.players ?? 0;
}

/** How many players are ahead of a player; null where the player is not on the board. */
export async function playersBefore(db: Database, board: Board, player_id: string): Promise<number | null> {
  const found = await db.get<{ before: number } | undefined>(sql`
    SELECT (SELECT count(*) ${rowsOf(board)} AND (-millions, -rest, reached, player_id) < (-own.m, -own.r, own.at, own.id)) AS before
    FROM (SELECT millions AS m, rest AS r, reached AS at, player_id AS id ${rowsOf(board)} AND player_id = ${player_id}) own`);
  return found?.before ?? null;
}

/** How many places to leave out so that a player with `before` others ahead is in the middle of `limit` places. */
export const skippedAround = (before: number, players: number, limit: number): number =>
  Math.max(0, Math.min(before - Math.floor((limit - 1) / 2), players - limit));

/** The board of the day or week that contains a date. */
function boardOn(period: BoardPeriod, on: string): { starts_on: string; from: string | null; to: string | null } {
  switch (period) {
    case "daily":
      return { starts_on: on, from: on, to: on };
    case "weekly": {
      const from = mondayOf(on);
      return { starts_on: from, from, to: addDays(from, 6) };
    }
    case "alltime":
      return { starts_on: "", from: null, to: null };
  }
}

export const leaderboard = report({
  id: "getLeaderboard",
  path: "/games/:app_id/leaderboard",
  summary: "Who has scored most in an app",
  description:
    "Sums of the scores of `player_score`, `quest_completed`, `achievement_unlocked` and `boss_defeated`: their `score`, " +
    "else a whole `data.score`. A tie goes to who reached it first. Players alone have a place, visitors have none.",
  role: "viewer",
  query,
  answer,
  holds: "The board's places; with `around` those about a player.",
  examples: { app_id: "slots" },
  tries: ["period=weekly&date=2026-05-01&limit=3", "period=alltime", "around=nobody", "period=alltime&date=2026-05-01"],
  problems: [404],
  untagged: true,
  people: true,
  reads: "all",
  async read({ db, project: { project_id, timezone }, params: { app_id }, query, now }) {
    const { period, date, limit, around } = query;
    if (period === "alltime" && date !== undefined)
      throw Problem.of("date", "date is only for the daily and weekly boards; the board of all time has no date");
    const { starts_on, from, to } = boardOn(period, date ?? localTime(timezone, now).date);
    const board: Board = { project_id, app_id, period, starts_on };
    const players = await playersOn(db, board);
    const before = around === undefined ? 0 : await playersBefore(db, board, around);
    if (before === null) throw new Problem(404, `${around} has not scored on this board.`);
    const entries = await places(db, board, around === undefined ? 0 : skippedAround(before, players, limit), limit);
    const body = { project_id, app_id, period, from, to, entries, players };
    return { body, columns: ["rank", "player_id", "score"], rows: entries };
  },
});
