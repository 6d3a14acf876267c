/** Saved segments and share links, in the document. */
import * as z from "zod";
import { newSegment, type SegmentView, segmentChanges, segmentsQuery } from "../admin/segments.ts";
import { newShare, type ShareView, sharesQuery } from "../admin/shares.ts";
import { type ShareSession, shareOpening } from "../http/share-session.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import { rows } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

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
  .meta({ id: "Segment" }) satisfies z.ZodType<SegmentView>;

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
  })
  .meta({ id: "Share" }) satisfies z.ZodType<ShareView>;
const shownShare = shareView.extend({ token: text.describe("What opens it.") }).meta({ id: "ShownShare" });
const shareSession = z
  .object({
    session: text.describe("Sent as `Authorization: Bearer`."),
    expires_at: instant,
    project_id: text,
    name: text,
    view: maybe,
  })
  .meta({ id: "ShareSession" }) satisfies z.ZodType<ShareSession>;

const sharing = { tag: "Sharing" } as const;
const GONE = { 204: { description: "Done." } };

export const sharingOperations: Operation[] = [
  {
    ...sharing,
    id: "listSegments",
    method: "get",
    path: "/api/v1/segments",
    summary: "List saved segments",
    description: "A segment is a filter under a name, which narrows any report by `segment_id`.",
    role: "viewer",
    query: segmentsQuery,
    answers: { 200: { description: "One's own and the shared ones.", content: json(rows(segmentView)) } },
  },
  {
    ...sharing,
    id: "createSegment",
    method: "post",
    path: "/api/v1/segments",
    summary: "Save a segment",
    description: "For oneself; with `shared` for all who read the project, which needs the role admin.",
    role: "viewer",
    body: { schema: newSegment, examples: { Summer: { name: "Summer", filter: { banner_tag_contains: ["summer"] } } } },
    answers: { 201: { description: "The segment.", content: json(segmentView) } },
    problems: [409],
  },
  {
    ...sharing,
    id: "changeSegment",
    method: "patch",
    path: "/api/v1/segments/{segment_id}",
    summary: "Change a segment",
    description: "One's own; a shared one needs the role admin.",
    role: "viewer",
    body: { schema: segmentChanges, examples: { Name: { name: "Last summer" } } },
    answers: { 200: { description: "The segment as it is now.", content: json(segmentView) } },
    problems: [404, 409],
  },
  {
    ...sharing,
    id: "removeSegment",
    method: "delete",
    path: "/api/v1/segments/{segment_id}",
    summary: "Remove a segment",
    description: "One's own; a shared one needs the role admin.",
    role: "viewer",
    answers: GONE,
    problems: [404, 409],
  },
  {
    ...sharing,
    id: "listShares",
    method: "get",
    path: "/api/v1/shares",
    summary: "List share links",
    description: "Also those that are over or revoked.",
    role: "admin",
    query: sharesQuery,
    answers: { 200: { description: "The newest first; never their tokens.", content: json(rows(shareView)) } },
  },
  {
    ...sharing,
    id: "createShare",
    method: "post",
    path: "/api/v1/shares",
    summary: "Make a share link",
    description: "Ends after 30 days where no `expires_at` is given. A `segment_id` is of a shared segment.",
    role: "admin",
    body: { schema: newShare, examples: { Link: { name: "For the agency", view: "campaigns" } } },
    answers: { 201: { description: "The link; its token is shown this once.", content: json(shownShare) } },
  },
  {
    ...sharing,
    id: "revokeShare",
    method: "delete",
    path: "/api/v1/shares/{share_id}",
    summary: "Revoke a share link",
    description: "Its sessions end at once.",
    role: "admin",
    answers: GONE,
    problems: [404],
  },
  {
    ...sharing,
    id: "openShare",
    method: "post",
    path: "/api/v1/share-sessions",
    summary: "Open a share link",
    description:
      "For a session of 12 hours at most, of the role viewer, of the link's project and tags. 401 has the code " +
      "`password_required` or `wrong_password`; 404 is a link that is not known, over or revoked.",
    role: null,
    body: { schema: shareOpening, examples: { Link: { token: "eps_…" } } },
    answers: { 200: { description: "The session.", content: json(shareSession) } },
    problems: [401, 404, 429, 503],
  },
];
