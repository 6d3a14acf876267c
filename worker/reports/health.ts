/** Whether each part works and how far each projection is behind. Open to everyone, so it names no data. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { log } from "../log.ts";
import { PROJECTIONS } from "../projections/index.ts";
import { type Database, openDatabase } from "../schema.ts";

/** A projection that has not reached an event after this long is behind, in milliseconds. */
const LATE_MS = 120_000;

type State = "ok" | "failing";
export type ProjectionHealth = {
  status: State | "behind";
  /** Events of the log that it has not taken yet. */
  lag_events: number;
  /** Seconds since the oldest of those was received. */
  lag_seconds: number;
};
export type Health = {
  status: State;
  dependencies: { database: State; live: State };
  projections: Record<string, ProjectionHealth>;
};

type Position = { name: string; cursor: number; head: number | null; waiting_since: number | null; failed: number };

export async function projectionHealth(db: Database, now: number): Promise<Record<string, ProjectionHealth>> {
  const positions = await db.all<Position>(sql`
    SELECT p.value AS name, ifnull(s.cursor, 0) AS cursor, (SELECT max(seq) FROM events) AS head, s.error IS NOT NULL AS failed,
      (SELECT e.received_at FROM events e WHERE e.seq > ifnull(s.cursor, 0) ORDER BY e.seq LIMIT 1) AS waiting_since
    FROM json_each(${JSON.stringify(PROJECTIONS.map((projection) => projection.name))}) p
    LEFT JOIN projections s ON s.name = p.value`);
  return Object.fromEntries(
    positions.map(({ name, cursor, head, waiting_since, failed }) => {
      const waited = waiting_since === null ? 0 : Math.max(0, now - waiting_since);
      const status = failed ? "failing" : waited > LATE_MS ? "behind" : "ok";
      return [name, { status, lag_events: Math.max(0, (head ?? 0) - cursor), lag_seconds: Math.round(waited / 1_000) }];
    }),
  );
}

/** What a check found, with its failure logged and not told. */
async function check<T>(part: string, ask: Promise<T>): Promise<{ state: State; answer: T | undefined }> {
  try {
    return { state: "ok", answer: await ask };
  } catch (error) {
    log("error", "part failing", { part, error: String(error) });
    return { state: "failing", answer: undefined };
  }
}

export const healthRoutes = new Hono<{ Bindings: Env }>().get("/health", async (c) => {
  const now = Date.now();
  const [database, live] = await Promise.all([
    check("database", projectionHealth(openDatabase(c.env.DB), now)),
    check("live", c.env.LIVE.getByName("default").ping()),
  ]);
  const projections = database.answer ?? {};
  const well =
    database.state === "ok" && live.state === "ok" && Object.values(projections).every(({ status }) => status === "ok");
  const body: Health = {
    status: well ? "ok" : "failing",
    dependencies: { database: database.state, live: live.state },
    projections,
  };
  c.header("cache-control", "no-store");
  return c.json(body, well ? 200 : 503);
});
