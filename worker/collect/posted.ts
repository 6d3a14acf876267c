/**
 * The body of a pixel that is posted: a form's fields, or what a beacon carries. It may hold any of the fields that the
 * query may hold.
 */
import { EVENT_BYTES, type FieldError } from "../event.ts";
import { isNumber, parseExact } from "../exact-json.ts";
import { Problem } from "../http/problem.ts";
import { type BodyRule, readText } from "../http/read-text.ts";

const BODY: BodyRule = { bytes: EVENT_BYTES, gzip: false };

export type Posted = { pairs: [string, unknown][]; refused?: FieldError; warning?: FieldError };
const UNREAD: FieldError = {
  field: "body",
  code: "invalid",
  message: "body is neither a form nor a JSON object, and was left out",
};

export async function postedBy(request: Request): Promise<Posted> {
  if (request.method !== "POST") return { pairs: [] };
  try {
    const text = await readText(request, BODY);
    const pairs = text.trim() === "" ? [] : await pairsIn(text, request.headers.get("content-type") ?? "");
    return pairs === null ? { pairs: [], warning: UNREAD } : { pairs };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status !== 413) return { pairs: [], warning: UNREAD };
    return { pairs: [], refused: { field: "body", code: "too_large", message: "body may have 32 KB" } };
  }
}

/** A beacon sends any text with the type of plain text. Null where nothing can be read. */
async function pairsIn(text: string, type: string): Promise<Posted["pairs"] | null> {
  if (/^multipart\/form-data\b/i.test(type)) {
    const form = await new Response(text, { headers: { "content-type": type } }).formData().catch(() => null);
    return form && [...form].filter(([, value]) => typeof value === "string");
  }
  if (/^\s*[{[]/.test(text)) return fieldsIn(text);
  const form =
    /^application\/x-www-form-urlencoded\b/i.test(type) || (/^(?:text\/|$)/i.test(type) && text.includes("="));
  return form ? [...new URLSearchParams(text.trim())] : null;
}

function fieldsIn(text: string): Posted["pairs"] | null {
  try {
    const given = parseExact(text);
    const isObject = typeof given === "object" && given !== null && !Array.isArray(given) && !isNumber(given);
    return isObject ? Object.entries(given) : null;
  } catch {
    return null;
  }
}

/** The pairs as what a signature is made of. */
export const asQuery = (pairs: Iterable<[string, unknown]>): URLSearchParams =>
  new URLSearchParams(
    [...pairs].map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
