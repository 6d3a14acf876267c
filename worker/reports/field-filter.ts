/**
 * Narrows a report to some values of fields, in addition to tags. All conditions must hold. For one value of one field the
 * tables have some figures; all others come from rows of days under the filter. A report that has neither refuses the
 * field, because an answer without the condition would be misunderstood.
 */
import { type SQL, sql } from "drizzle-orm";
import type { MiddlewareHandler } from "hono";
import * as z from "zod";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";

export const FIELDS = ["country", "device", "app_id", "platform"] as const;
export type Field = (typeof FIELDS)[number];
export type FieldFilter<Name extends Field = Field> = { field: Name; value: string };

const value = z.string("must be text").min(1, "must not be empty").max(128, "is too long");

const VALUES = {
  country: z.string("must be text").regex(/^[A-Z][A-Z0-9]$/, "must be two capital letters, as in ISO 3166"),
  device: value,
  app_id: value,
  platform: value,
} as const satisfies Record<Field, z.ZodString>;

const MOST_VALUES = 50;

const someOf = (field: Field) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (Array.isArray(given) ? given : [given]))
    .pipe(z.array(VALUES[field]).max(MOST_VALUES, `must be given ${MOST_VALUES} times at most`))
    .optional();

/** The parameters of a report that can be narrowed by each of these fields, to one or more values. */
export const fieldFilter = {
  country: someOf("country"),
  device: someOf("device"),
  app_id: someOf("app_id"),
  platform: someOf("platform"),
} as const satisfies Record<Field, z.ZodType>;
export type FieldQuery = { [Name in Field]?: string[] | undefined };

const once = (field: Field) => z.string("must be given once").pipe(VALUES[field]).optional();

/** The same with one value for each field. */
export const fieldValues = {
  country: once("country"),
  device: once("device"),
  app_id: once("app_id"),
  platform: once("platform"),
} as const satisfies Record<Field, z.ZodType>;

/** Refuses the fields that a report cannot be narrowed by. */
export const onlyKnownFields =
  ({ shape }: z.ZodObject): MiddlewareHandler<App> =>
  async (c, next) => {
    const foreign = FIELDS.find((name) => !(name in shape) && c.req.query(name) !== undefined);
    if (foreign !== undefined)
      throw Problem.of(
        foreign,
        `${foreign} cannot narrow this report: it is kept by none of ${FIELDS.join(", ")}`,
        "unknown_parameter",
      );
    await next();
  };

/** Restricts rows with a column for each field. */
export const onlyField = (filter: FieldFilter | null): SQL =>
  filter === null ? sql`` : sql`AND ${sql.raw(filter.field)} = ${filter.value}`;
