/** Share links: made, listed, revoked. A link's token is shown once, when it is made. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { sha256 } from "../http/keys.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { usableSegment } from "../http/saved-segment.ts";
import { hashPassword, makeToken, type Share, type ShareRow, shareOf } from "../http/share.ts";
import { OTHER_FIELDS, otherFields, tag } from "../http/tag-filter.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { iso } from "../time.ts";
import { moment } from "./keys.ts";
import { route } from "./route.ts";

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
  hide_amounts: z.boolean("must be true or false").optional(),
});
export const sharesQuery = z.strictObject({ project_id: projectId.optional() });

const tags = z.array(z.string());
const shareView = z
  .object({
    share_id: text,
    project_id: text,
    name: text,
    segment_id: maybe.describe("What it shows is narrowed to this segment, as it is at any time."),
    banner_tags: tags.nullable().describe("The only tags that it shows; null is all."),
    view: maybe.describe("Where it begins."),
    has_password: z.boolean(),
    created_at: instant,
    expires_at: instant,
    revoked_at: instant.nullable(),
    hide_amounts: z.boolean().describe("Whether it shows no amounts of money."),
  })
  .meta({ id: "Share" });
const shownShare = shareView.extend({ token: text.describe("What opens it.") }).meta({ id: "ShownShare" });
export type ShareView = z.output<typeof shareView>;

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

/** The tags and the segment to which a link is fixed. A segment that others could change is refused. */
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

const administered = { tag: "Sharing", role: "admin" } as const;

export const shareRoutes = [
  route(
    {
      id: "listShares",
      method: "get",
      path: "/shares",
      ...administered,
      summary: "List share links",
      description: "Also those that are over or revoked.",
      query: sharesQuery,
      answers: { 200: { description: "The newest first; never their tokens.", content: json(rows(shareView)) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const rows = await db.all<ShareRow>(sql`SELECT * FROM shares
      WHERE project_id = ${project_id} ORDER BY created_at DESC, share_id`);
      return { rows: rows.map((row) => view(shareOf(row))) };
    },
  ),
  route(
    {
      id: "createShare",
      method: "post",
      path: "/shares",
      ...administered,
      summary: "Make a share link",
      description: "Ends after 30 days where no `expires_at` is given. A `segment_id` is of a shared segment.",
      body: { schema: newShare, examples: { Link: { name: "For the agency", view: "campaigns" } } },
      answers: { 201: { description: "The link; its token is shown this once.", content: json(shownShare) } },
      audit: "share.create",
    },
    async ({ db, principal, readBody, projectFor, act, now }) => {
      const given = await readBody();
      const { project_id } = await projectFor(given.project_id);
      const { name, expires_at = now + DEFAULT_MS, password } = given;
      if (expires_at <= now) throw Problem.of("expires_at", "expires_at must be in the future");
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
        hide_amounts: given.hide_amounts ?? false,
      };
      const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
      const shown = view(share);
      const { segment_id, banner_tags, has_password, hide_amounts } = shown;
      const details = {
        ...{ name, segment_id, banner_tags, view: share.view, has_password, hide_amounts },
        expires_at: shown.expires_at,
      };
      const made = act({ project_id, subject: share_id, details }, [
        sql`INSERT INTO shares
          (share_id, project_id, name, hash, password, segment_id, banner_tags, view, created_at, expires_at, hide_amounts)
        VALUES (${share_id}, ${project_id}, ${name}, ${share.hash}, ${json(share.password)}, ${segment_id},
          ${json(banner_tags)}, ${share.view}, ${now}, ${expires_at}, ${Number(hide_amounts)})`,
        // Fails where its segment is shared no more, or another one: NULL is not allowed.
        sql`UPDATE shares SET name = CASE WHEN segment_id IS NULL OR EXISTS (
          SELECT 1 FROM segments s WHERE s.segment_id = shares.segment_id AND s.shared = 1 AND ${ofTagsAlone}) THEN name END
        WHERE share_id = ${share_id}`,
      ]);
      await made.catch((error) => {
        if (!isGuarded(error, "shares.name")) throw error;
        throw refused();
      });
      return { ...shown, token };
    },
  ),
  route(
    {
      id: "revokeShare",
      method: "delete",
      path: "/shares/:share_id",
      on: { row: "shares", id: "share_id" },
      ...administered,
      summary: "Revoke a share link",
      description: "Its sessions end at once.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "share.revoke",
    },
    async ({ env, db, principal, params, act, now }) => {
      const share_id = params.share_id;
      const share = await db.get<ShareRow | undefined>(sql`SELECT * FROM shares WHERE share_id = ${share_id}`);
      if (!share || !reaches(principal, share.project_id)) throw new Problem(404, `There is no share ${share_id}.`);
      const { project_id, revoked_at } = share;
      if (revoked_at === null) {
        await act({ project_id, subject: share_id }, [
          sql`UPDATE shares SET revoked_at = ${now} WHERE share_id = ${share_id}`,
        ]);
      }
      await env.LIVE.getByName(project_id).disconnect([share_id]);
    },
  ),
] as const;
