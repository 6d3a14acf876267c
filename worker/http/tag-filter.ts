/** The tags that a query is about: those of the query and of its saved segment, among those that the asker may see. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { readTags } from "../figures/day-texts.ts";
import { type SavedFilter, type ScopeFilter, scopeFilterOf } from "../figures/scope-filter.ts";
import { ANY_TAG } from "../figures/scopes.ts";
import type { Project } from "../project.ts";
import { isByDays } from "../projections/figures-progress.ts";
import type { Database } from "../store/database.ts";
import type { Principal } from "./principal.ts";
import { Problem } from "./problem.ts";
import { usableSegment } from "./saved-segment.ts";

/** All conditions hold together; an empty list is none. */
export type TagFilter = {
  /** One of these. */
  banner_tag: string[];
  /** None of these; events without a tag fit. */
  banner_tag_not: string[];
  /** The tag contains one of these, in upper or lower case. */
  banner_tag_contains: string[];
};

const MOST_VALUES = 50;
/** A list of tags is one value of a query, which D1 takes up to 2 MB of. */
const MOST_CHARACTERS = 1_000_000;

export const tag = z.string("must be text").min(1, "must not be empty").max(256, "is too long");

const repeatable = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (Array.isArray(given) ? given : [given]))
  .pipe(z.array(tag).max(MOST_VALUES, `must be given ${MOST_VALUES} times at most`))
  .optional();

/** The parameters by which every report that is kept by tag can be narrowed. */
export const tagFilter = {
  banner_tag: repeatable,
  banner_tag_not: repeatable,
  banner_tag_contains: repeatable,
  segment_id: z.string("must be given once").min(1, "must not be empty").max(64, "is too long").optional(),
};
export type TagQuery = { [Name in keyof TagFilter]?: string[] | undefined } & { segment_id?: string | undefined };

const listOf = (value: z.ZodString) =>
  z.array(value).max(MOST_VALUES, `must have ${MOST_VALUES} values at most`).default([]);
const name = z.string("must be text").min(1, "must not be empty").max(128, "is too long");
/** A filter as it is saved: of tags, and of other fields, each of which is one of its values. */
export const savedFilter = z.strictObject({
  banner_tag: listOf(tag),
  banner_tag_not: listOf(tag),
  banner_tag_contains: listOf(tag),
  country: listOf(z.string("must be text").regex(/^[A-Z][A-Z0-9]$/, "must be two capital letters, as in ISO 3166")),
  device: listOf(name),
  app_id: listOf(name),
  platform: listOf(name),
}) satisfies z.ZodType<TagFilter & SavedFilter>;
export type SegmentFilter = z.output<typeof savedFilter>;

export const OTHER_FIELDS = ["country", "device", "app_id", "platform"] as const;
/** The fields other than the tag that a segment narrows by. */
export const otherFields = (filter: SegmentFilter): string[] =>
  OTHER_FIELDS.filter((field) => filter[field].length > 0);

const narrows = (filter: TagFilter) => Object.values(filter).some((values) => values.length > 0);

function fits({ banner_tag, banner_tag_not, banner_tag_contains }: TagFilter): (tag: string) => boolean {
  const parts = banner_tag_contains.map((part) => part.toLowerCase());
  return (tag) =>
    (banner_tag.length === 0 || banner_tag.includes(tag)) &&
    !banner_tag_not.includes(tag) &&
    (parts.length === 0 || parts.some((part) => tag.toLowerCase().includes(part)));
}

/** The tags with figures of a project, and `''` for events without a tag. */
export const knownTags = async (db: Database, project_id: string): Promise<string[]> =>
  (await isByDays(db, project_id)) ? readTags(db.$client, project_id) : tagsOfTables(db, project_id);

/** Each is one step in the order of the table. */
async function tagsOfTables(db: Database, project_id: string): Promise<string[]> {
  const rows = await db.values<[string]>(sql`
    WITH RECURSIVE known (tag) AS (
      SELECT min(banner_tag) FROM returns WHERE project_id = ${project_id}
      UNION ALL
      SELECT (SELECT min(banner_tag) FROM returns WHERE project_id = ${project_id} AND banner_tag > known.tag)
      FROM known WHERE known.tag IS NOT NULL
    )
    SELECT tag FROM known WHERE tag NOT IN ('', ${ANY_TAG})`);
  return ["", ...rows.flat()];
}

/** The visible tags (null is all) that all filters let through; `''` is events without a tag. */
export async function narrowed(
  inSight: string[] | null,
  filters: readonly TagFilter[],
  known: () => Promise<string[]>,
): Promise<string[] | null> {
  const asked = filters.filter(narrows);
  if (asked.length === 0) return inSight;
  const named = asked.find(({ banner_tag }) => banner_tag.length > 0)?.banner_tag;
  const among = inSight ?? named ?? (await known());
  const tests = asked.map(fits);
  const left = [...new Set(among)].filter((tag) => tests.every((holds) => holds(tag))).sort();
  if (left.reduce((sum, { length }) => sum + length + 3, 0) > MOST_CHARACTERS)
    throw Problem.of("banner_tag", "too many tags fit: name them by banner_tag, or ask for fewer", "too_many");
  return left;
}

export type Who = { project: Project; principal: Principal };

/** The filters of a query and of its saved segment. A tag that the asker may not see is refused. */
async function conditionsOf(
  db: Database,
  { project, principal }: Who,
  { banner_tag = [], banner_tag_not = [], banner_tag_contains = [], segment_id }: TagQuery,
): Promise<{ asked: TagFilter; saved: SegmentFilter | null }> {
  const allowed = principal.banner_tags;
  if (allowed !== null && banner_tag.some((tag) => !allowed.includes(tag)))
    throw new Problem(403, "This key is limited to other banner tags.");
  const saved = segment_id === undefined ? null : await usableSegment(db, project.project_id, principal, segment_id);
  return { asked: { banner_tag, banner_tag_not, banner_tag_contains }, saved: saved?.filter ?? null };
}

/**
 * The only tags that an answer may be about; null is all. A segment with other fields is refused where an answer is `from`
 * the tables.
 */
export async function visibleTags(
  db: Database,
  project: Project,
  principal: Principal,
  query: TagQuery,
  from: "tables" | "days" | "people",
): Promise<string[] | null> {
  const { asked, saved } = await conditionsOf(db, { project, principal }, query);
  const [field] = saved ? otherFields(saved) : [];
  if (field !== undefined && from === "tables")
    throw Problem.of("segment_id", `this segment narrows by ${field}, and these figures are only divided by tag`);
  return narrowed(principal.banner_tags, saved ? [asked, saved] : [asked], () =>
    from === "days" ? readTags(db.$client, project.project_id) : knownTags(db, project.project_id),
  );
}

/** The filters of a query that must all hold: the asker's, the query's, and that of its saved segment. */
export async function askedFilters(db: Database, who: Who, query: TagQuery): Promise<ScopeFilter[]> {
  const { asked, saved } = await conditionsOf(db, who, query);
  const allowed = who.principal.banner_tags;
  return [
    ...(allowed ? [{ banner_tag: allowed }] : []),
    scopeFilterOf(asked),
    ...(saved ? [scopeFilterOf(saved)] : []),
  ];
}
