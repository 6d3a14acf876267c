/**
 * What a report is narrowed to, and where its figures come from: the tables, which are kept by tag and some of them by one field,
 * or rows of days under a filter, which can be of any fields.
 */
import { conjunction, type ScopeFilter, scopeFilterOf } from "../figures/scope-filter.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { readerOf, refuseUncounted, scopeFor } from "../http/scope.ts";
import { askedFilters, type TagQuery } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import { figuresFrom, figuresStand, secondsUntilWhole } from "../projections/figures-stand.ts";
import type { Database } from "../schema.ts";
import type { DaysScope } from "./days/scope.ts";
import { FIELDS, type Field, type FieldFilter, type FieldQuery } from "./field-filter.ts";

export type Narrowing = {
  /** One value of one field, by which the tables have these figures; null is none. */
  field: FieldFilter | null;
  /** The filter under which rows of days have them; null: the tables do. */
  filter: ScopeFilter | null;
};

type Who = { db: Database; project: Project; principal: Principal };

const withoutTags = ({
  banner_tag: _,
  banner_tag_not: __,
  banner_tag_contains: ___,
  ...fields
}: ScopeFilter): ScopeFilter => fields;

/** `keptBy` are the fields that the tables have the figures by; `ofAllTags`: no tags are part of a filter. */
export async function narrowingOf(
  { db, ...who }: Who,
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
  const fields = scopeFilterOf(Object.fromEntries(asked.map((field) => [field, query[field] ?? []])));
  return { field: null, filter: conjunction([...filters, fields]) };
}

/** Whose rows of days have the figures under a filter. @throws while they are not all counted. */
export async function daysUnder(
  env: Env,
  db: Database,
  project_id: string,
  principal: Principal,
  filter: ScopeFilter,
  now: number,
): Promise<DaysScope> {
  const stand = await figuresStand(db);
  if (!stand.whole)
    throw new Problem(
      503,
      `The figures for filters are being counted from the log: ${Math.floor((100 * stand.cursor) / Math.max(1, stand.head))} %.`,
      { headers: { "Retry-After": String(secondsUntilWhole(env, stand)) } },
    );
  const { scope, tag, ...counted } = await scopeFor(env, db, project_id, filter, now, readerOf(principal));
  refuseUncounted(counted);
  const since = await figuresFrom(db, project_id);
  return {
    project_id,
    since,
    filter: scope === 0 ? null : scope,
    tags: scope === 0 ? [] : tag === null ? null : [tag],
  };
}
