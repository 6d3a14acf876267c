/** What a project admits beside valid fields: which sites, which signatures, and whose wish for privacy counts. */
import type { FieldError, WireEvent } from "../event.ts";
import type { Project } from "../project.ts";
import { isSigned } from "./signature.ts";

/** Do Not Track and Global Privacy Control, as browsers send them. */
const asksForPrivacy = (request: Request) =>
  request.headers.get("dnt") === "1" || request.headers.get("sec-gpc") === "1";

/** The origin of the page that sent a request; null where no browser says so, as from another server. */
function originOf(request: Request): string | null {
  const origin = request.headers.get("origin");
  if (origin !== null) return origin;
  const referrer = request.headers.get("referer");
  return referrer !== null && URL.canParse(referrer) ? new URL(referrer).origin : null;
}

/** Why a pixel is not admitted, or null. */
export async function refusal(
  request: Request,
  query: URLSearchParams,
  event: WireEvent,
  project: Project,
): Promise<FieldError | null> {
  if (project.respect_privacy_signals && asksForPrivacy(request)) {
    return {
      field: "event",
      code: "privacy_signal",
      message: "the browser asks not to be tracked, and this project respects it",
    };
  }
  const origin = originOf(request);
  if (project.allowed_origins.length > 0 && origin !== null && !project.allowed_origins.includes(origin)) {
    return { field: "event", code: "origin_not_allowed", message: `this project does not take events from ${origin}` };
  }
  if (project.require_signature && event.amount !== undefined && !(await isSigned(query, project.pixel_secret))) {
    return {
      field: "sig",
      code: "bad_signature",
      message: "sig is not the signature of this query under the project's pixel secret",
    };
  }
  return null;
}
