/** Saved segments: private ones, and those that an administrator shares with everybody who reads the project. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { projectId } from "../event.ts";
import { scopeFilterOf } from "../figures/scope-filter.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { may, type Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { findSegment, keepsTo, type Segment, type SegmentRow, sees, segmentOf } from "../http/saved-segment.ts";
import { type Counted, countedBy, readerOf, scopeFor } from "../http/scope.ts";
import { otherFields, savedFilter } from "../http/tag-filter.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

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

const tags = z.array(z.string());
const segmentView = z
  .object({
    segment_id: text,
    project_id: text,
    name: text,
    filter: z.object({
      banner_tag: tags,
      banner_tag_not: tags,
      banner_tag_contains: tags,
      country: tags,
      device: tags,
      app_id: tags,
      platform: tags,
    }),
    figures: z
      .object({
        whole: z.boolean(),
        counted: z.number().describe("The share of people whose past is counted under its filter, 0 to 1."),
      })
      .describe("How far the figures under its filter are counted: within a minute of its first use they are whole."),
    shared: z.boolean().describe("Whether all who read the project may use it."),
    owner: maybe.describe("The key that made it; null is the ADMIN_TOKEN."),
    own: z.boolean().describe("Whether the asker made it."),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: "Segment" });
export type SegmentView = z.output<typeof segmentView>;

const view = (segment: Segment, { key_id }: Principal, { whole, counted }: Counted): SegmentView => ({
  ...segment,
  figures: { whole, counted },
  own: segment.owner === key_id,
  created_at: iso(segment.created_at),
  updated_at: iso(segment.updated_at),
});

/** Shared segments belong to the project: only administrators may change them. */
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
      if (isGuarded(error, "segments.name")) return false;
      if (!isGuarded(error, "segments.shared")) throw error;
      throw new Problem(
        409,
        "Share links are fixed to this segment, and show what is shared and kept by tag: revoke them first.",
      );
    },
  );
/** The most tries: a request that loses a race reads again, and nobody loses this many by chance. */
const MOST_ATTEMPTS = 10;

const administered = { tag: "Sharing", role: "viewer" } as const;

export const segmentRoutes = [
  route(
    {
      id: "listSegments",
      method: "get",
      path: "/segments",
      ...administered,
      unshared: true,
      summary: "List saved segments",
      description: "A segment is a filter under a name, which narrows any report by `segment_id`.",
      query: segmentsQuery,
      answers: { 200: { description: "One's own and the shared ones.", content: json(rows(segmentView)) } },
    },
    async ({ db, principal, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const rows = await db.all<SegmentRow>(sql`
      SELECT * FROM segments WHERE project_id = ${project_id} ORDER BY name, segment_id`);
      const seen = rows.map(segmentOf).filter((segment) => sees(principal, segment));
      const counted = await countedBy(db, project_id);
      return {
        rows: seen.map((segment) => view(segment, principal, counted(scopeFilterOf(segment.filter)))),
      };
    },
  ),
  route(
    {
      id: "createSegment",
      method: "post",
      path: "/segments",
      ...administered,
      unshared: true,
      summary: "Save a segment",
      description: "For oneself; with `shared` for all who read the project, which needs the role admin.",
      body: {
        schema: newSegment,
        examples: { Summer: { name: "Summer", filter: { banner_tag_contains: ["summer"] } } },
      },
      answers: { 201: { description: "The segment.", content: json(segmentView) } },
      problems: [409],
      audit: "segment.create",
    },
    async ({ env, db, principal, readBody, projectFor, act, now }) => {
      const given = await readBody();
      const { project_id } = await projectFor(given.project_id);
      mayKeep(principal, given);
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
      const figures = await scopeFor(env, db, project_id, scopeFilterOf(filter), now, readerOf(principal));
      await act({ project_id, subject: segment.segment_id, details: { name, filter, shared } }, [
        sql`INSERT INTO segments (segment_id, project_id, name, filter, shared, owner, created_at, updated_at)
          VALUES (${segment.segment_id}, ${project_id}, ${name}, ${JSON.stringify(filter)}, ${Number(shared)},
            ${segment.owner}, ${now}, ${now})`,
      ]);
      return view(segment, principal, figures);
    },
  ),
  route(
    {
      id: "changeSegment",
      method: "patch",
      path: "/segments/:segment_id",
      on: { row: "segments", id: "segment_id" },
      ...administered,
      unshared: true,
      summary: "Change a segment",
      description: "One's own; a shared one needs the role admin.",
      body: { schema: segmentChanges, examples: { Name: { name: "Last summer" } } },
      answers: { 200: { description: "The segment as it is now.", content: json(segmentView) } },
      problems: [404, 409],
      audit: "segment.change",
    },
    async ({ env, db, principal, params, readBody, act, now }) => {
      const given = withoutUndefined(await readBody());
      for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
        const before = await changeable(db, principal, params.segment_id);
        const { segment_id, project_id } = before;
        const after: Segment = { ...before, ...given, updated_at: Math.max(now, before.updated_at + 1) };
        mayKeep(principal, after);
        const { name, filter, shared, updated_at } = after;
        const figures = await scopeFor(env, db, project_id, scopeFilterOf(filter), now, readerOf(principal));
        const what = { project_id, subject: segment_id, details: { name, filter, shared } };
        const changed = act(what, [
          refuseWhenChanged(before),
          ...(!shared || otherFields(filter).length > 0 ? [refuseWhileLinked(segment_id, now)] : []),
          sql`UPDATE segments SET name = ${name}, filter = ${JSON.stringify(filter)}, shared = ${Number(shared)},
          updated_at = ${updated_at} WHERE segment_id = ${segment_id}`,
        ]);
        if (!(await happened(changed))) continue;
        const open = (await db.values<[string]>(links(segment_id, now))).flat();
        if (open.length > 0) await env.LIVE.getByName(project_id).disconnect(open);
        return view(after, principal, figures);
      }
      throw new Problem(409, "Others are changing this segment at this moment. Please try again.");
    },
  ),
  route(
    {
      id: "removeSegment",
      method: "delete",
      path: "/segments/:segment_id",
      on: { row: "segments", id: "segment_id" },
      ...administered,
      unshared: true,
      summary: "Remove a segment",
      description: "One's own; a shared one needs the role admin.",
      answers: { 204: { description: "Done." } },
      problems: [404, 409],
      audit: "segment.remove",
    },
    async ({ db, principal, params, act, now }) => {
      const { segment_id, project_id, name } = await changeable(db, principal, params.segment_id);
      const what = { project_id, subject: segment_id, details: { name } };
      await happened(
        act(what, [refuseWhileLinked(segment_id, now), sql`DELETE FROM segments WHERE segment_id = ${segment_id}`]),
      );
    },
  ),
] as const;
