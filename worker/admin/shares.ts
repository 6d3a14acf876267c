/** Share links: made, listed, revoked. A link's token is shown once, when it is made. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { projectId } from "../event.ts";
import { atLeast, ofProject, projectFor, reaches } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { sha256 } from "../http/keys.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { usableSegment } from "../http/saved-segment.ts";
import { hashPassword, makeToken, type Share, type ShareRow, shareOf } from "../http/share.ts";
import { OTHER_FIELDS, otherFields, tag } from "../http/tag-filter.ts";
import { type Database, openDatabase } from "../schema.ts";
import { act } from "./audit.ts";
import { moment } from "./keys.ts";

const DEFAULT_MS = 30 * 86_400_000;

export const newShare = z.strictObject({
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  project_id: projectId.optional(),
  expires_at: moment.optional(),
  password: z.string().min(8, "must have 8 characters at least").max(512, "is too long").optional(),
  segment_id: z.string().min(1, "must not be empty").max(64, "is too long").optional(),
  banner_tags: z.array(tag).min(1, "must name one tag at least").max(100).optional(),
  view: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/, "must be the name of a view")
    .optional(),
});
export const sharesQuery = z.strictObject({ project_id: projectId.optional() });

export type ShareView = Pick<Share, "share_id" | "project_id" | "name" | "segment_id" | "banner_tags" | "view"> & {
  has_password: boolean;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
};
const iso = (at: number) => new Date(at).toISOString();
const view = ({ hash: _, password, created_at, expires_at, revoked_at, ...share }: Share): ShareView => ({
  ...share,
  has_password: password !== null,
  created_at: iso(created_at),
  expires_at: iso(expires_at),
  revoked_at: revoked_at === null ? null : iso(revoked_at),
});

const refused = () =>
  Problem.of(
    "segment_id",
    "segment_id must be of a shared segment that narrows by tags alone: all that a link shows is kept by tag",
  );

const ofTagsAlone = sql.raw(
  OTHER_FIELDS.map((field) => `ifnull(json_array_length(s.filter, '$.${field}'), 0) = 0`).join(" AND "),
);

/** What a link is fixed to: no segment that others could change. */
async function scopeOf(
  db: Database,
  principal: Principal,
  project_id: string,
  { segment_id, banner_tags }: z.output<typeof newShare>,
): Promise<Pick<Share, "segment_id" | "banner_tags">> {
  if (segment_id !== undefined) {
    const { shared, filter } = await usableSegment(db, project_id, principal, segment_id);
    if (!shared || otherFields(filter).length > 0) throw refused();
  }
  return { segment_id: segment_id ?? null, banner_tags: banner_tags ?? null };
}

export const shareRoutes = new Hono<App>()
  .use("/shares/*", atLeast("admin"))
  .use("/shares", atLeast("admin"))
  .get("/shares", parameters(sharesQuery), ofProject, async (c) => {
    const rows = await openDatabase(c.env.DB).all<ShareRow>(sql`SELECT * FROM shares
      WHERE project_id = ${c.var.project.project_id} ORDER BY created_at DESC, share_id`);
    return c.json({ rows: rows.map((row) => view(shareOf(row))) });
  })
  .post("/shares", async (c) => {
    const { principal } = c.var;
    const given = await readBody(c, newShare);
    const now = Date.now();
    const { project_id } = await projectFor(c.env, principal, given.project_id, now);
    const { name, expires_at = now + DEFAULT_MS, password } = given;
    if (expires_at <= now) throw Problem.of("expires_at", "expires_at must lie in the future");
    const db = openDatabase(c.env.DB);
    const { share_id, token } = makeToken();
    const share: Share = {
      share_id,
      project_id,
      name,
      hash: await sha256(token),
      password: password === undefined ? null : await hashPassword(password),
      ...(await scopeOf(db, principal, project_id, given)),
      view: given.view ?? null,
      created_at: now,
      expires_at,
      revoked_at: null,
    };
    const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
    const shown = view(share);
    const { segment_id, banner_tags, has_password } = shown;
    const details = { name, segment_id, banner_tags, view: share.view, has_password, expires_at: shown.expires_at };
    const made = act(db, principal, now, { project_id, action: "share.create", subject: share_id, details }, [
      sql`INSERT INTO shares
          (share_id, project_id, name, hash, password, segment_id, banner_tags, view, created_at, expires_at)
        VALUES (${share_id}, ${project_id}, ${name}, ${share.hash}, ${json(share.password)}, ${segment_id},
          ${json(banner_tags)}, ${share.view}, ${now}, ${expires_at})`,
      // Fails where its segment is shared no more, or another one: NULL is not allowed.
      sql`UPDATE shares SET name = CASE WHEN segment_id IS NULL OR EXISTS (
          SELECT 1 FROM segments s WHERE s.segment_id = shares.segment_id AND s.shared = 1 AND ${ofTagsAlone}) THEN name END
        WHERE share_id = ${share_id}`,
    ]);
    await made.catch((error) => {
      if (!/NOT NULL constraint failed: shares\.name/.test(String(error))) throw error;
      throw refused();
    });
    return c.json({ ...shown, token }, 201);
  })
  .delete("/shares/:share_id", async (c) => {
    const db = openDatabase(c.env.DB);
    const share_id = c.req.param("share_id");
    const share = await db.get<ShareRow | undefined>(sql`SELECT * FROM shares WHERE share_id = ${share_id}`);
    if (!share || !reaches(c.var.principal, share.project_id)) throw new Problem(404, `There is no share ${share_id}.`);
    const { project_id, revoked_at } = share;
    if (revoked_at === null) {
      const now = Date.now();
      await act(db, c.var.principal, now, { project_id, action: "share.revoke", subject: share_id }, [
        sql`UPDATE shares SET revoked_at = ${now} WHERE share_id = ${share_id}`,
      ]);
    }
    await c.env.LIVE.getByName(project_id).disconnect([share_id]);
    return c.body(null, 204);
  });
