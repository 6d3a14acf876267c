/** Bodies by a zod schema. */
import type { Context } from "hono";
import type * as z from "zod";
import { type Complaint, Problem } from "./problem.ts";
import { type BodyRule, readText } from "./read-text.ts";

/** Administrative bodies are small; events have limits of their own. */
export const ADMINISTRATION: BodyRule = { bytes: 256 * 1024, gzip: false };
/** How much of a body is read before a key was shown. */
export const SIGNING_IN: BodyRule = { bytes: 8 * 1024, gzip: false };

export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
  rule = ADMINISTRATION,
): Promise<z.output<Schema>> {
  return acceptText(await readText(c.req.raw, rule), schema);
}

export function acceptText<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  try {
    return accept(JSON.parse(text), schema);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Problem(415, "The body must be JSON.");
    throw error;
  }
}

/** The body, read by the schema; else a problem that names each wrong field. */
export function accept<Schema extends z.ZodType>(given: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap(complaints);
  throw new Problem(400, errors.map((error) => error.message).join("; "), { errors });
}

function complaints(issue: z.core.$ZodIssue): Complaint[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((field) => ({ field, code: "unknown_field", message: `${field} is not a field here` }));
  }
  const field = issue.path.join(".") || "body";
  const absent = issue.code === "invalid_type" && issue.input === undefined;
  return [
    { field, code: absent ? "missing" : "invalid", message: `${field} ${absent ? "is required" : issue.message}` },
  ];
}

type Defined<Given> = { [Name in keyof Given]: Exclude<Given[Name], undefined> };
/** The fields that a body names. */
export const withoutUndefined = <Given extends object>(given: Given) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<Defined<Given>>;
