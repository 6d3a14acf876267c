/** Projections: where each stands in the log, what went wrong, and beginning anew. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { atLeast } from "../http/access.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { PROJECTIONS, projectionsOf } from "../projections/index.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { anySettled, cannotRebuild, RENAMING, rebuild } from "../projections/runner.ts";
import { openDatabase, projections } from "../schema.ts";
import { act } from "./audit.ts";

export type ProjectionView = {
  name: string;
  /** The last event of the log that it has taken, and how many it has not. */
  cursor: number;
  lag_events: number;
  updated_at: string | null;
  error: string | null;
  failed_at: string | null;
};

const BUSY = "A player is being erased, or a day's events are about to go; try again in a minute.";

const iso = (at: number | null | undefined) => (at == null ? null : new Date(at).toISOString());

/** They are of all projects, so only a key for all projects may begin them anew. */
export const projectionRoutes = new Hono<App>()
  .get("/projections", atLeast("admin"), async (c) => {
    const db = openDatabase(c.env.DB);
    const [head, known] = await Promise.all([
      db.get<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM events`),
      db.select().from(projections),
    ]);
    const rows = projectionsOf(c.env).map(({ name }): ProjectionView => {
      const position = known.find((row) => row.name === name);
      const cursor = position?.cursor ?? 0;
      return {
        name,
        cursor,
        lag_events: Math.max(0, (head?.seq ?? 0) - cursor),
        updated_at: iso(position?.updated_at),
        error: position?.error ?? null,
        failed_at: iso(position?.failed_at),
      };
    });
    return c.json({ rows });
  })
  .post("/projections/:name/rebuild", atLeast("admin"), async (c) => {
    const name = c.req.param("name");
    const projection = projectionsOf(c.env).find((candidate) => candidate.name === name);
    if (!projection) throw new Problem(404, `There is no projection ${name}.`);
    if (c.var.principal.project_id !== null) throw new Problem(403, "A rebuild needs a key for all projects.");
    if (projection.clear === undefined) throw new Problem(409, `${name} is a record of its own, and not rebuilt.`);
    const db = openDatabase(c.env.DB);
    if (await db.get(sql`SELECT 1 WHERE ${RENAMING}`)) throw new Problem(409, BUSY);
    if (name !== "live" && (await anySettled(db)))
      throw new Problem(
        409,
        "Events have gone from the log; `npm run restore` makes all figures anew from the archive.",
      );
    await act(db, c.var.principal, Date.now(), { project_id: null, action: "projection.rebuild", subject: name }, []);
    const rebuilding = await rebuild(c.env, db, PROJECTIONS, name).catch((error: unknown) => {
      throw cannotRebuild(error) ? new Problem(409, BUSY) : error;
    });
    await wakeProjectors(c.env);
    return c.json({ rebuilding }, 202);
  });
