/** Projections: the place of each in the log, its last error, and how to rebuild it. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { Problem } from "../http/problem.ts";
import { PROJECTIONS, projectionsOf } from "../projections/index.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { anySettled, cannotRebuild, RENAMING, rebuild } from "../projections/runner.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { projections } from "../store/schema.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

const projectionView = z
  .object({
    name: text,
    cursor: whole.describe("The last event of the log that it has taken."),
    lag_events: whole,
    updated_at: instant.nullable(),
    error: maybe,
    failed_at: instant.nullable(),
  })
  .meta({ id: "Projection" });
const rebuilding = z.object({ rebuilding: z.array(z.string()) }).meta({ id: "Rebuilding" });
export type ProjectionView = z.output<typeof projectionView>;

const BUSY = "A player is being erased, or a day's events are about to go; try again in a minute.";

/** A projection is about all projects, so only a key for all projects may rebuild it. */
const administered = { tag: "Administration", role: "admin" } as const;

export const projectionRoutes = [
  route(
    {
      id: "listProjections",
      method: "get",
      path: "/projections",
      on: "each",
      ...administered,
      summary: "The place of each projection in the log",
      description:
        "Every figure is derived from the event log by one of these. Tells how far each one is and what went wrong last.",
      answers: { 200: { description: "All of them.", content: json(rows(projectionView)) } },
    },
    async ({ env, db }) => {
      const [head, known] = await Promise.all([
        db.get<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM events`),
        db.select().from(projections),
      ]);
      const rows = projectionsOf(env).map(({ name }): ProjectionView => {
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
      return { rows };
    },
  ),
  route(
    {
      id: "rebuildProjection",
      method: "post",
      path: "/projections/:name/rebuild",
      on: "each",
      ...administered,
      summary: "Rebuild a projection",
      description: "From the beginning of the log; those that share its tables go along. Needs a key for all projects.",
      examples: { name: "daily" },
      answers: { 202: { description: "It has begun.", content: json(rebuilding) } },
      problems: [404, 409],
      audit: "projection.rebuild",
    },
    async ({ env, db, principal, params, act }) => {
      const name = params.name;
      const projection = projectionsOf(env).find((candidate) => candidate.name === name);
      if (!projection) throw new Problem(404, `There is no projection ${name}.`);
      if (principal.project_id !== null) throw new Problem(403, "A rebuild needs a key for all projects.");
      if (projection.clear === undefined)
        throw new Problem(409, `${name} is a record of what was sent, and is not rebuilt.`);
      if (await db.get(sql`SELECT 1 WHERE ${RENAMING}`)) throw new Problem(409, BUSY);
      if (name !== "live" && (await anySettled(db)))
        throw new Problem(
          409,
          "Events were removed from the log; `npm run restore` rebuilds all figures from the archive.",
        );
      await act({ project_id: null, subject: name }, []);
      const rebuilding = await rebuild(env, db, PROJECTIONS, name).catch((error: unknown) => {
        throw cannotRebuild(error) ? new Problem(409, BUSY) : error;
      });
      await wakeProjectors(env);
      return { rebuilding };
    },
  ),
] as const;
