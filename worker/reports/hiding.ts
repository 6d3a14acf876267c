/**
 * Answers for readers from whom amounts of money are hidden. The fields that the answer's schema marks (`money`, `amounts`,
 * `telling` of answer.ts) are null in JSON, and are no columns of CSV and NDJSON. A field that is not in the schema is left
 * out.
 */
import type * as z from "zod";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { tellsAmounts } from "./answer.ts";
import type { Table } from "./table.ts";

type Schema = z.core.$ZodType;
/** The parts of zod that schemas of answers consist of. */
type Part =
  | { type: "object"; shape: Record<string, Schema> }
  | { type: "array"; element: Schema }
  | { type: "record"; valueType: Schema }
  | { type: "union"; options: readonly Schema[] }
  | { type: "nullable" | "optional" | "default"; innerType: Schema }
  | { type: "other" };

const partOf = (schema: Schema) => schema._zod.def as unknown as Part;

/** The names of fields that reveal amounts, at any depth of an answer. */
function namesIn(schema: Schema): string[] {
  const part = partOf(schema);
  switch (part.type) {
    case "object":
      return Object.entries(part.shape).flatMap(([name, fieldSchema]) =>
        isAmount(fieldSchema) ? [name] : namesIn(fieldSchema),
      );
    case "array":
      return namesIn(part.element);
    case "record":
      return namesIn(part.valueType);
    case "nullable":
    case "optional":
    case "default":
      return namesIn(part.innerType);
    default:
      return [];
  }
}

export function isAmount(schema: Schema): boolean {
  const part = partOf(schema);
  if (tellsAmounts(schema)) return true;
  if (part.type === "union") return part.options.some(isAmount);
  return "innerType" in part && isAmount(part.innerType);
}

/** A value of that schema without amounts. */
export function withoutAmounts(schema: Schema, value: unknown): unknown {
  if (isAmount(schema)) return null;
  if (value === null || value === undefined) return value;
  const part = partOf(schema);
  switch (part.type) {
    case "object": {
      const known = value as Record<string, unknown>;
      return Object.fromEntries(
        Object.entries(part.shape)
          .filter(([name]) => Object.hasOwn(known, name))
          .map(([name, fieldSchema]) => [name, withoutAmounts(fieldSchema, known[name])]),
      );
    }
    case "array":
      return (value as unknown[]).map((one) => withoutAmounts(part.element, one));
    case "record":
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, withoutAmounts(part.valueType, one)]),
      );
    case "nullable":
    case "optional":
    case "default":
      return withoutAmounts(part.innerType, value);
    default:
      return value;
  }
}

/** Figures of other periods have a prefix, such as `previous_amount`. */
const isOf = (column: string, name: string) => column === name || column.endsWith(`_${name}`);

/** The table without amounts. */
export function hidden<Body extends object>(
  answer: z.ZodType<Body>,
  { body, columns, rows }: Table<Body>,
): Table<Body> {
  const names = namesIn(answer);
  return {
    body: withoutAmounts(answer, body) as Body,
    columns: columns.filter((column) => !names.some((name) => isOf(column, name))),
    rows,
  };
}

/** Refuses queries that would reveal amounts without showing any: by an order, or by a filter. */
export function refuseHidden({ hide_amounts }: Principal, field?: string): void {
  if (!hide_amounts) return;
  if (field !== undefined)
    throw Problem.of(field, `${field} would reveal amounts, which are hidden from this key or share link`);
  throw new Problem(403, "Amounts are hidden from this key or share link, and this report has nothing else.");
}
