/** What a project checks besides valid fields: the site, the signature, and the browser's wish for privacy. */
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

/** A pixel that is admitted is trusted where its signature says who sent it. */
export type Admission = { trusted: boolean } | { refused: FieldError };
const refused = (field: string, code: FieldError["code"], message: string): Admission => ({
  refused: { field, code, message },
});

export async function admit(
  request: Request,
  query: URLSearchParams,
  event: WireEvent,
  project: Project,
): Promise<Admission> {
  if (project.respect_privacy_signals && asksForPrivacy(request)) {
    return refused("event", "privacy_signal", "the browser asks not to be tracked, and this project respects it");
  }
  const origin = originOf(request);
  if (project.allowed_origins.length > 0 && origin !== null && !project.allowed_origins.includes(origin)) {
    return refused("event", "origin_not_allowed", `this project does not take events from ${origin}`);
  }
  return project.require_signature ? admitSigned(query, event, project) : { trusted: false };
}

/** Without a signature a pixel may claim neither money nor a transaction; with one, a copy of it must count once. */
async function admitSigned(query: URLSearchParams, event: WireEvent, project: Project): Promise<Admission> {
  if (!(await isSigned(query, project.pixel_secret))) {
    if (event.amount === undefined && event.transaction_id === undefined) return { trusted: false };
    return refused("sig", "bad_signature", "sig is not the signature of this query under the project's pixel secret");
  }
  if (event.transaction_id === undefined && event.event_id === undefined) {
    const message = "transaction_id or event_id is required in a signed pixel, so that a copy of it counts once";
    return refused("transaction_id", "missing", message);
  }
  return { trusted: true };
}
