/**
 * What a report is narrowed to, and where its figures come from: from the tables, which have figures by tag and some by one
 * field; or from rows of days under a filter, which can have any fields.
 */
import { conjunction, filterText, type ScopeFilter, scopeFilterOf } from "../figures/scope-filter.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { readerOf, refuseUncounted, scopeFor } from "../http/scope.ts";
import { askedFilters, type TagQuery, type Who } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import { figuresFrom, figuresProgress, isByDays, secondsUntilWhole } from "../projections/figures-progress.ts";
import type { Database } from "../store/database.ts";
import type { DaysScope } from "./days/scope.ts";
import { FIELDS, type Field, type FieldFilter, type FieldQuery } from "./field-filter.ts";

export type Narrowing = {
  /** One value of one field, by which the tables have these figures; null is none. */
  field: FieldFilter | null;
  /** The filter under which rows of days have them; null: the tables do. */
  filter: ScopeFilter | null;
};

type Asker = Who & { db: Database };

const withoutTags = ({
  banner_tag: _,
  banner_tag_not: __,
  banner_tag_contains: ___,
  ...fields
}: ScopeFilter): ScopeFilter => fields;

const askedFields = (query: FieldQuery): ScopeFilter =>
  scopeFilterOf(Object.fromEntries(FIELDS.map((field) => [field, query[field] ?? []])));

/** The conditions on fields other than the tag, of the query and of filters. */
export const fieldsIn = (filters: readonly ScopeFilter[], query: FieldQuery): { [Name in Field]?: string[] } =>
  conjunction([...filters.map(withoutTags), askedFields(query)]);

/** `keptBy` are the fields that the tables have the figures by; `ofAllTags`: no tags are part of a filter. */
export async function narrowingOf(
  { db, ...who }: Asker,
  query: TagQuery & FieldQuery,
  keptBy: readonly Field[],
  ofAllTags = false,
): Promise<Narrowing> {
  const asked = FIELDS.filter((field) => query[field] !== undefined);
  const given = await askedFilters(db, who, query);
  const filters = ofAllTags ? given.map(withoutTags) : given;
  const saved = filters.some((filter) => FIELDS.some((field) => filter[field] !== undefined));
  const [first, ...others] = asked;
  if (first === undefined && !saved) return { field: null, filter: null };
  const values = first === undefined ? [] : (query[first] ?? []);
  const [value, ...further] = values;
  if (first !== undefined && value !== undefined && !saved && keptBy.includes(first))
    if (others.length === 0 && further.length === 0) return { field: { field: first, value }, filter: null };
  return { field: null, filter: conjunction([...filters, askedFields(query)]) };
}

/**
 * Whether an answer is made of rows of days: those about filters are, and those about a project whose figures they all have; by one
 * value of a field where the report has that `inCells`. The tables answer all else.
 */
export const answersFromDays = async (
  db: Database,
  project_id: string,
  { field, filter }: Narrowing,
  inCells: boolean,
): Promise<boolean> => filter !== null || ((field === null || inCells) && (await isByDays(db, project_id)));

/** All tags together (null) and each tag have separate rows; everything else is counted under a filter. */
type Whose = { tags: readonly string[] | null } | { filter: ScopeFilter };

type Asking = { env: Env; db: Database; project: Pick<Project, "project_id">; principal: Principal; now: number };

/** @throws while figures are not all counted. */
export async function refuseUntilWhole(env: Env, db: Database): Promise<void> {
  const stand = await figuresProgress(db);
  if (stand.whole) return;
  throw new Problem(
    503,
    `The figures are being counted from the log: ${Math.floor((100 * stand.cursor) / Math.max(1, stand.head))} %.`,
    { headers: { "Retry-After": String(secondsUntilWhole(env, stand)) } },
  );
}

/** The rows of days with the figures, for one value of a field or for all. @throws while the figures are not completely counted. */
export async function daysOf(
  { env, db, project: { project_id }, principal, now }: Asking,
  whose: Whose,
  field: FieldFilter | null,
): Promise<DaysScope> {
  const [, since] = await Promise.all([refuseUntilWhole(env, db), figuresFrom(db, project_id)]);
  const ofProject = { project_id, since, field };
  if ("tags" in whose) return { ...ofProject, filter: null, tags: whose.tags };
  const { scope, tag, ...counted } = await scopeFor(env, db, project_id, whose.filter, now, readerOf(principal));
  refuseUncounted(counted);
  return { ...ofProject, filter: scope === 0 ? null : scope, tags: scope === 0 ? [] : tag === null ? null : [tag] };
}

/** The rows of days for a question about these tags; null is all. */
export async function daysFor(
  asking: Asking & { project: Project },
  query: TagQuery,
  { field, filter }: Narrowing,
  tags: string[] | null,
  tagsAddUp: boolean,
): Promise<DaysScope> {
  if (filter !== null) return daysOf(asking, { filter }, field);
  if (tags === null || tags.length < 2 || tagsAddUp) return daysOf(asking, { tags }, field);
  const { db, principal } = asking;
  const together = conjunction(await askedFilters(db, asking, query));
  if (principal.share_id !== undefined) refuseOthers(principal, together);
  return daysOf(asking, { filter: together }, field);
}

/**
 * A share link shows its tags together, or one of them. Otherwise everybody with a link could have the past counted under one
 * filter after another.
 */
function refuseOthers({ banner_tags }: Principal, filter: ScopeFilter): void {
  const linkFilter = banner_tags === null ? null : filterText({ banner_tag: banner_tags });
  if (filterText(filter) !== linkFilter)
    throw new Problem(403, "A share link shows all its tags together, or one of them: ask for one tag, or use a key.");
}
