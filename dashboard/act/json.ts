/** JSON from a form's field. */
import { ApiError } from "../api.ts";
import { words } from "../words.ts";

/** The parsed object; throws an error about that field if the text is no JSON object. */
export function readJson(field: string, text = ""): Record<string, unknown> {
  const fail = (why: string) => {
    const message = words.act.thisIsNotAJsonObject(why);
    return new ApiError(0, words.act.notJson, message, [{ field, code: "invalid", message }]);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail((error as SyntaxError).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fail(words.act.itBeginsWithAndEndsWith);
  return value as Record<string, unknown>;
}
