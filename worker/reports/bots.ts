/** What bots sent, by day and reason: kept in the log, flagged, and in no other figure. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { ofProject } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { type Database, openDatabase } from "../schema.ts";
import { dated, type Period, periodOf } from "./period.ts";
import { table } from "./table.ts";

/** `reason` is as in the event's `bot`: `project_rule`, `crawler`, `headless`, `data_centre`. */
export type BotsRow = { event_date: string; reason: string; total: number };

export type Bots = Period & {
  project_id: string;
  timezone: string;
  /** All events but tests, those of bots included. */
  events: number;
  /** Those of bots. */
  total: number;
  by_reason: { reason: string; total: number }[];
  rows: BotsRow[];
};

const within = (project_id: string, { from, to }: Period) =>
  sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to}`;

export async function botsRows(
  db: Database,
  project_id: string,
  period: Period,
): Promise<{ events: number; rows: BotsRow[] }> {
  const [all, rows] = await Promise.all([
    db.get<{ total: number }>(sql`SELECT coalesce(sum(total), 0) AS total FROM event_outcomes
      WHERE ${within(project_id, period)} AND outcome <> 'test'`),
    db.all<BotsRow>(sql`SELECT event_date, reason, sum(total) AS total FROM event_outcomes
      WHERE ${within(project_id, period)} AND outcome = 'bot'
      GROUP BY event_date, reason ORDER BY event_date, reason`),
  ]);
  return { events: all?.total ?? 0, rows };
}

const sum = (rows: { total: number }[]) => rows.reduce((total, row) => total + row.total, 0);

export const botsQuery = z.strictObject(dated);

export const botRoutes = new Hono<App>().get("/bots", parameters(botsQuery), ofProject, async (c) => {
  // Outcomes are not kept by tag.
  if (c.var.principal.banner_tags !== null) throw new Problem(403, "This key is limited to its banner tags.");
  const { project } = c.var;
  const { from, to } = c.req.valid("query");
  const period = periodOf(project, { from, to }, Date.now());
  const { events, rows } = await botsRows(openDatabase(c.env.DB), project.project_id, period);
  const by_reason = [...Map.groupBy(rows, (row) => row.reason)]
    .map(([reason, own]) => ({ reason, total: sum(own) }))
    .sort((a, b) => b.total - a.total);
  const { project_id, timezone } = project;
  const body: Bots = { project_id, timezone, ...period, events, total: sum(rows), by_reason, rows };
  return table(c, body, ["event_date", "reason", "total"], rows);
});
