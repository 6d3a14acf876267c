/** JSON that somebody typed into a field. */
import { ApiError } from "../api.ts";

/** The object; an error of that field where it is none. */
export function readJson(field: string, text = ""): Record<string, unknown> {
  const fail = (why: string) => {
    const message = `This is not a JSON object: ${why}`;
    return new ApiError(0, "Not JSON", message, [{ field, code: "invalid", message }]);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail((error as SyntaxError).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fail("it begins with { and ends with }.");
  return value as Record<string, unknown>;
}
