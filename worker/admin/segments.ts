/** Saved segments: one's own, and those that an administrator shares with all who read the project. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { projectId } from "../event.ts";
import { scopeFilterOf } from "../figures/scope-filter.ts";
import { atLeast, notShared, ofProject, projectFor, reaches } from "../http/access.ts";
import { readBody, withoutUndefined } from "../http/body.ts";
import { parameters } from "../http/parameters.ts";
import { type App, may, type Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { findSegment, keepsTo, type Segment, type SegmentRow, sees, segmentOf } from "../http/saved-segment.ts";
import { type Counted, countedBy, readerOf, scopeFor } from "../http/scope.ts";
import { otherFields, savedFilter } from "../http/tag-filter.ts";
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
  /** How far the figures under it are counted. */
  figures: Counted;
  /** Whether the asker made it. */
  own: boolean;
  created_at: string;
  updated_at: string;
};
const view = (segment: Segment, { key_id }: Principal, { whole, counted }: Counted): SegmentView => ({
  ...segment,
  figures: { whole, counted },
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
const links = (segment_id: string, now: number) => sql`SELECT share_id FROM shares
  WHERE segment_id = ${segment_id} AND revoked_at IS NULL AND expires_at > ${now}`;

/** Fails, and with it the transaction, while share links are fixed to the segment: NULL is not allowed. */
const refuseWhileLinked = (segment_id: string, now: number) =>
  sql`UPDATE segments SET shared = CASE WHEN NOT EXISTS (${links(segment_id, now)}) THEN shared END
    WHERE segment_id = ${segment_id}`;

/** Fails, and with it the transaction, where the segment has changed since, each time of which is a later one: NULL is not allowed. */
const refuseWhenChanged = ({ segment_id, updated_at }: Segment) =>
  sql`UPDATE segments SET name = CASE WHEN updated_at = ${updated_at} THEN name END WHERE segment_id = ${segment_id}`;

/** False where it was changed meanwhile; refused where share links are fixed to it. */
const happened = (done: Promise<void>): Promise<boolean> =>
  done.then(
    () => true,
    (error) => {
      if (/NOT NULL constraint failed: segments\.name/.test(String(error))) return false;
      if (!/NOT NULL constraint failed: segments\.shared/.test(String(error))) throw error;
      throw new Problem(
        409,
        "Share links are fixed to this segment, and show what is shared and kept by tag: revoke them first.",
      );
    },
  );
/** Whoever loses a race looks again; so many races are not lost by chance. */
const MOST_ATTEMPTS = 10;

export const segmentRoutes = new Hono<App>()
  .use("/segments/*", atLeast("viewer"), notShared)
  .use("/segments", atLeast("viewer"), notShared)
  .get("/segments", parameters(segmentsQuery), ofProject, async (c) => {
    const { principal, project } = c.var;
    const rows = await openDatabase(c.env.DB).all<SegmentRow>(sql`
      SELECT * FROM segments WHERE project_id = ${project.project_id} ORDER BY name, segment_id`);
    const seen = rows.map(segmentOf).filter((segment) => sees(principal, segment));
    const counted = await countedBy(openDatabase(c.env.DB), project.project_id);
    return c.json({
      rows: seen.map((segment) => view(segment, principal, counted(scopeFilterOf(segment.filter)))),
    });
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
    const figures = await scopeFor(c.env, db, project_id, scopeFilterOf(filter), now, readerOf(principal));
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
    return c.json(view(segment, principal, figures), 201);
  })
  .patch("/segments/:segment_id", async (c) => {
    const { principal } = c.var;
    const db = openDatabase(c.env.DB);
    const given = withoutUndefined(await readBody(c, segmentChanges));
    const now = Date.now();
    for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
      const before = await changeable(db, principal, c.req.param("segment_id"));
      const { segment_id, project_id } = before;
      const after: Segment = { ...before, ...given, updated_at: Math.max(now, before.updated_at + 1) };
      mayKeep(principal, after);
      const { name, filter, shared, updated_at } = after;
      const figures = await scopeFor(c.env, db, project_id, scopeFilterOf(filter), now, readerOf(principal));
      const what = { project_id, action: "segment.change", subject: segment_id, details: { name, filter, shared } };
      const changed = act(db, principal, now, what, [
        refuseWhenChanged(before),
        ...(!shared || otherFields(filter).length > 0 ? [refuseWhileLinked(segment_id, now)] : []),
        sql`UPDATE segments SET name = ${name}, filter = ${JSON.stringify(filter)}, shared = ${Number(shared)},
          updated_at = ${updated_at} WHERE segment_id = ${segment_id}`,
      ]);
      if (!(await happened(changed))) continue;
      const open = (await db.values<[string]>(links(segment_id, now))).flat();
      if (open.length > 0) await c.env.LIVE.getByName(project_id).disconnect(open);
      return c.json(view(after, principal, figures));
    }
    throw new Problem(409, "Others are changing this segment at this moment. Please try again.");
  })
  .delete("/segments/:segment_id", async (c) => {
    const db = openDatabase(c.env.DB);
    const { segment_id, project_id, name } = await changeable(db, c.var.principal, c.req.param("segment_id"));
    const now = Date.now();
    const what = { project_id, action: "segment.remove", subject: segment_id, details: { name } };
    await happened(
      act(db, c.var.principal, now, what, [
        refuseWhileLinked(segment_id, now),
        sql`DELETE FROM segments WHERE segment_id = ${segment_id}`,
      ]),
    );
    return c.body(null, 204);
  });
