/** Query parameters by a zod schema. One that is wrong, or that the route does not know, is named in a 400. */
import { validator } from "hono/validator";
import type * as z from "zod";
import { Problem } from "./problem.ts";

export const parameters = <Shape extends z.ZodRawShape, Config extends z.core.$ZodObjectConfig>(
  schema: z.ZodObject<Shape, Config>,
) =>
  validator("query", (given): z.output<z.ZodObject<Shape, Config>> => {
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    const errors = parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((field) => ({
            field,
            code: "unknown_parameter",
            message: `${field} is not a parameter of this route`,
          }))
        : [{ field: nameOf(issue), code: "invalid", message: `${nameOf(issue)} ${issue.message}` }],
    );
    throw new Problem(400, errors.map((error) => error.message).join("; "), { errors });
  });

const nameOf = (issue: z.core.$ZodIssue) => String(issue.path[0] ?? "query");

/** The names of a path's parameters; one may have a pattern: `:id{[0-9]+}`. */
export type ParametersIn<Path extends string> = Path extends `${infer Part}/${infer Rest}`
  ? ParametersIn<Part> | ParametersIn<Rest>
  : Path extends `:${infer Name}{${string}`
    ? Name
    : Path extends `:${infer Name}`
      ? Name
      : never;
