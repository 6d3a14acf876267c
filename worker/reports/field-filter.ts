/**
 * Narrows a report to one value of one field, beside its tags. Which fields a report can be narrowed by is what its figures are
 * kept by; any other is refused, since an answer that left it out would be taken for one about it.
 */
import { type SQL, sql } from "drizzle-orm";
import type { MiddlewareHandler } from "hono";
import * as z from "zod";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";

export const FIELDS = ["country", "device", "app_id", "platform"] as const;
export type Field = (typeof FIELDS)[number];
export type FieldFilter<Name extends Field = Field> = { field: Name; value: string };

const value = z.string("must be given once").min(1, "must not be empty").max(128, "is too long").optional();

const PARAMETERS = {
  country: z
    .string("must be given once")
    .regex(/^[A-Z][A-Z0-9]$/, "must be two capital letters, as in ISO 3166")
    .optional(),
  device: value,
  app_id: value,
  platform: value,
} as const satisfies Record<Field, z.ZodType>;

/** The parameters of a report that can be narrowed by these. */
export const fieldFilter = <Name extends Field>(...names: Name[]): Pick<typeof PARAMETERS, Name> =>
  Object.fromEntries(names.map((name) => [name, PARAMETERS[name]])) as Pick<typeof PARAMETERS, Name>;

const listOf = (kept: readonly string[]) =>
  kept.length === 0 ? `none of ${FIELDS.join(", ")}` : `${kept.join(", ")} alone`;

/** Refuses the fields that a report has no parameter for, saying by which it can be narrowed. */
export const onlyKnownFields = ({ shape }: z.ZodObject): MiddlewareHandler<App> => {
  const kept = FIELDS.filter((name) => name in shape);
  return async (c, next) => {
    const foreign = FIELDS.find((name) => !(name in shape) && c.req.query(name) !== undefined);
    if (foreign !== undefined)
      throw Problem.of(
        foreign,
        `${foreign} cannot narrow this report: it is kept by ${listOf(kept)}`,
        "unknown_parameter",
      );
    await next();
  };
};

/** The parameter by which a report is grouped, and by what it is. */
type Group = { parameter: string; by: string | undefined };
type FieldQuery = { [Name in Field]?: string | undefined };

/** The field that a question names, where what is `shown` is kept by it; null where it names none. */
export function fieldAsked<Name extends Field>(
  query: FieldQuery,
  { shown, keptBy, group }: { shown: string; keptBy: readonly Name[]; group: Group },
): FieldFilter<Name> | null {
  const [asked, second] = FIELDS.filter((name) => query[name] !== undefined);
  if (asked === undefined) return null;
  if (second !== undefined)
    throw Problem.of(
      second,
      `${second} must not be given beside ${asked}: a report is narrowed by one of ${FIELDS.join(", ")}`,
    );
  const field = keptBy.find((name) => name === asked);
  if (field === undefined)
    throw Problem.of(asked, `${asked} cannot narrow ${shown}: they are kept by ${listOf(keptBy)}`);
  if (group.by !== undefined && group.by !== "banner_tag" && group.by !== field)
    throw Problem.of(group.parameter, `${group.parameter} must be banner_tag or ${field} where ${field} is given`);
  return { field, value: query[field] ?? "" };
}

/** Restricts rows with a column for each field. */
export const onlyField = (filter: FieldFilter | null): SQL =>
  filter === null ? sql`` : sql`AND ${sql.raw(filter.field)} = ${filter.value}`;
