/** Saved segments and share links, in the document. */
import * as z from "zod";
import { newSegment, type SegmentView, segmentChanges, segmentsQuery } from "../admin/segments.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import { rows } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const tags = z.array(z.string());
const segmentView = z
  .object({
    segment_id: text,
    project_id: text,
    name: text,
    filter: z.object({ banner_tag: tags, banner_tag_not: tags, banner_tag_contains: tags }),
    shared: z.boolean().describe("Whether all who read the project may use it."),
    owner: maybe.describe("The key that made it; null is the ADMIN_TOKEN."),
    own: z.boolean().describe("Whether the asker made it."),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: "Segment" }) satisfies z.ZodType<SegmentView>;

const sharing = { tag: "Sharing" } as const;
const GONE = { 204: { description: "Done." } };

export const sharingOperations: Operation[] = [
  {
    ...sharing,
    id: "listSegments",
    method: "get",
    path: "/api/v1/segments",
    summary: "List saved segments",
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
    problems: [404],
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
    problems: [404],
  },
];
