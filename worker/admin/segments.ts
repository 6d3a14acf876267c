/** Saved segments: one's own, and those that an administrator shares with all who read the project. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { projectId } from "../event.ts";
import { atLeast, notShared, ofProject, projectFor, reaches } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { parameters } from "../http/parameters.ts";
import { type App, may, type Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { findSegment, keepsTo, type Segment, type SegmentRow, sees, segmentOf } from "../http/saved-segment.ts";
import { savedFilter } from "../http/tag-filter.ts";
import { type Database, openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

/** For each project and owner. */
const MOST = 200;

const filter = savedFilter.refine(
  (given) => Object.values(given).some((values) => values.length > 0),
  "must have one condition at least",
);
const name = z.string().min(1, "must not be empty").max(200, "is too long");
const shared = z.boolean("must be true or false");
export const newSegment = z.strictObject({
  name,
  project_id: projectId.optional(),
  filter,
  shared: shared.default(false),
});
export const segmentChanges = z.strictObject({ name, filter, shared }).partial();
export const segmentsQuery = z.strictObject({ project_id: projectId.optional() });

export type SegmentView = Omit<Segment, "created_at" | "updated_at"> & {
  /** Whether the asker made it. */
  own: boolean;
  created_at: string;
  updated_at: string;
};
const view = (segment: Segment, { key_id }: Principal): SegmentView => ({
  ...segment,
  own: segment.owner === key_id,
  created_at: new Date(segment.created_at).toISOString(),
  updated_at: new Date(segment.updated_at).toISOString(),
});

/** What is shared belongs to the project: only administrators decide on it. */
function mayKeep(principal: Principal, { filter, shared }: Pick<Segment, "filter" | "shared">): void {
  if (shared && !may(principal, "admin")) throw new Problem(403, "Shared segments need the role admin.");
  if (!keepsTo(principal, filter)) throw new Problem(403, "This key is limited to other banner tags.");
}

/** One that the asker may change: their own, or as an administrator any of the project's. */
async function changeable(db: Database, principal: Principal, segment_id: string): Promise<Segment> {
  const segment = await findSegment(db, segment_id);
  const isAdmin = may(principal, "admin");
  if (!segment || !reaches(principal, segment.project_id) || !(isAdmin || sees(principal, segment)))
    throw new Problem(404, `There is no segment ${segment_id}.`);
  mayKeep(principal, segment);
  return segment;
}

/** The open links that are fixed to it. */
const linksOf = async (db: Database, segment_id: string, now: number): Promise<string[]> =>
  (
    await db.values<[string]>(sql`SELECT share_id FROM shares
      WHERE segment_id = ${segment_id} AND revoked_at IS NULL AND expires_at > ${now}`)
  ).flat();

async function refuseWhileLinked(db: Database, segment_id: string, now: number): Promise<void> {
  if ((await linksOf(db, segment_id, now)).length > 0)
    throw new Problem(409, "Share links are fixed to this segment: revoke them first.");
}

export const segmentRoutes = new Hono<App>()
  .use("/segments/*", atLeast("viewer"), notShared)
  .use("/segments", atLeast("viewer"), notShared)
  .get("/segments", parameters(segmentsQuery), ofProject, async (c) => {
    const { principal, project } = c.var;
    const rows = await openDatabase(c.env.DB).all<SegmentRow>(sql`
      SELECT * FROM segments WHERE project_id = ${project.project_id} ORDER BY name, segment_id`);
    const seen = rows.map(segmentOf).filter((segment) => sees(principal, segment));
    return c.json({ rows: seen.map((segment) => view(segment, principal)) });
  })
  .post("/segments", async (c) => {
    const { principal } = c.var;
    const given = await readBody(c, newSegment);
    const now = Date.now();
    const { project_id } = await projectFor(c.env, principal, given.project_id, now);
    mayKeep(principal, given);
    const db = openDatabase(c.env.DB);
    const { name, filter, shared } = given;
    const segment: Segment = {
      segment_id: crypto.randomUUID(),
      project_id,
      name,
      filter,
      shared,
      owner: principal.key_id,
      created_at: now,
      updated_at: now,
    };
    const kept = await db.get<{ total: number }>(sql`SELECT count(*) AS total FROM segments
      WHERE project_id = ${project_id} AND owner IS ${segment.owner}`);
    if ((kept?.total ?? 0) >= MOST)
      throw new Problem(409, `There are ${MOST} segments of this key: remove some first.`);
    await act(
      db,
      principal,
      now,
      { project_id, action: "segment.create", subject: segment.segment_id, details: { name, filter, shared } },
      [
        sql`INSERT INTO segments (segment_id, project_id, name, filter, shared, owner, created_at, updated_at)
          VALUES (${segment.segment_id}, ${project_id}, ${name}, ${JSON.stringify(filter)}, ${Number(shared)},
            ${segment.owner}, ${now}, ${now})`,
      ],
    );
    return c.json(view(segment, principal), 201);
  })
  .patch("/segments/:segment_id", async (c) => {
    const { principal } = c.var;
    const db = openDatabase(c.env.DB);
    const before = await changeable(db, principal, c.req.param("segment_id"));
    const { name = before.name, filter = before.filter, shared = before.shared } = await readBody(c, segmentChanges);
    const now = Date.now();
    const after: Segment = { ...before, name, filter, shared, updated_at: now };
    mayKeep(principal, after);
    if (before.shared && !shared) await refuseWhileLinked(db, before.segment_id, now);
    await act(
      db,
      principal,
      now,
      {
        project_id: before.project_id,
        action: "segment.change",
        subject: before.segment_id,
        details: { name, filter, shared },
      },
      [
        sql`UPDATE segments SET name = ${name}, filter = ${JSON.stringify(filter)}, shared = ${Number(shared)},
          updated_at = ${now} WHERE segment_id = ${before.segment_id}`,
      ],
    );
    const links = await linksOf(db, before.segment_id, now);
    if (links.length > 0) await c.env.LIVE.getByName(before.project_id).disconnect(links);
    return c.json(view(after, principal));
  })
  .delete("/segments/:segment_id", async (c) => {
    const db = openDatabase(c.env.DB);
    const { segment_id, project_id, name } = await changeable(db, c.var.principal, c.req.param("segment_id"));
    const now = Date.now();
    await refuseWhileLinked(db, segment_id, now);
    await act(
      db,
      c.var.principal,
      now,
      { project_id, action: "segment.remove", subject: segment_id, details: { name } },
      [sql`DELETE FROM segments WHERE segment_id = ${segment_id}`],
    );
    return c.body(null, 204);
  });
