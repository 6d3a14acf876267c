/**
 * Pixels: what an image, a form, a beacon or another server's postback can send, by GET or POST. The answer is always a 1×1
 * GIF, and its status is 200 only when the queue has the event.
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { type FieldError, projectId } from "../event.ts";
import { readEvent } from "../event-reading.ts";
import type { Incoming } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { limitHeaders, withinLimit } from "../http/rate-limit.ts";
import { log } from "../log.ts";
import { findProject, type Project } from "../project.ts";
import { commit } from "../queue/group-commit.ts";
import { outletOf } from "../queue/outlet.ts";
import { checkSchema } from "../registry/check.ts";
import { recordRejections } from "../request-log/record-rejections.ts";
import { onShard } from "../store/shards.ts";
import { erased, suppressed } from "../suppression.ts";
import { admit } from "./admission.ts";
import { botReason } from "./bot.ts";
import { asQuery, type Posted, postedBy } from "./posted.ts";
import { fieldsOf, referrerIn } from "./query.ts";
import { senderOf, visitOf } from "./sender.ts";
import { storedEvent } from "./stored-event.ts";

const GIF = Uint8Array.from(atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), (character) =>
  character.charCodeAt(0),
);

const HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers":
    "X-Event-Status, X-Event-Id, X-Event-Error, X-Event-Warning, X-Request-Id, Retry-After",
  "cache-control": "no-store",
  "cross-origin-resource-policy": "cross-origin",
  "x-content-type-options": "nosniff",
  ...limitHeaders("pixel"),
};

/** For a beacon with the type JSON, for which browsers send a preflight; forms, texts and images need none. */
const PREFLIGHT = {
  ...HEADERS,
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "Content-Type",
  "access-control-max-age": "86400",
};
const preflight: MiddlewareHandler<Incoming> = async (c, next) => {
  if (c.req.method === "OPTIONS") return new Response(null, { status: 204, headers: PREFLIGHT });
  await next();
};

/** Seconds after which a sender may try again, if the event could not be made durable. */
const RETRY_AFTER = 5;

export type Outcome =
  | { status: "accepted"; event_id: string; warnings: readonly FieldError[] }
  | { status: "rejected"; errors: FieldError[] }
  | { status: "limited" }
  | { status: "unavailable" };

async function collect(
  request: Request,
  env: Env,
  event_type: string,
  { pairs, refused, warning }: Posted,
  request_id: string,
  now: number,
): Promise<Outcome> {
  if (refused) return { status: "rejected", errors: [refused] };
  const { host, others } = referrerIn(pairs);
  const reading = readEvent(fieldsOf(event_type, others), "pixel", now);
  if (!reading.ok) return { status: "rejected", errors: reading.errors };

  const project_id = reading.event.project_id ?? "default";
  try {
    const project = await findProject(env, project_id, now);
    if (!project) {
      const message = `there is no project ${project_id}`;
      return { status: "rejected", errors: [{ field: "project_id", code: "unknown_project", message }] };
    }
    const admission = await admit(request, asQuery(pairs), reading.event, project);
    if ("refused" in admission) return { status: "rejected", errors: [admission.refused] };
    const gone = await suppressed(env, project_id, reading.event, now);
    if (gone) return { status: "rejected", errors: [erased(gone)] };
    const verdict = await checkSchema(env, project_id, event_type, reading.event, now);
    if (verdict.status === "refused") return { status: "rejected", errors: verdict.errors };
    const bot = botReason(visitOf(request), project.bot_rules);
    const trusted = admission.trusted ? 1 : 0;
    const event = storedEvent(reading.event, project, { ...senderOf(request, host), bot, trusted }, now);
    await commit(outletOf(onShard(env, project.shard)), [event], request_id);
    const warnings = [
      ...(warning ? [warning] : []),
      ...reading.warnings,
      ...(verdict.status === "warned" ? verdict.errors.slice(0, 1) : []),
    ];
    return { status: "accepted", event_id: event.event_id, warnings };
  } catch (error) {
    log("error", "pixel not durable", { request_id, error: String(error) });
    return { status: "unavailable" };
  }
}

/** `keeps`: the sender keeps an event that is refused now, and knows of the refusal only by getting no image. */
function answer(outcome: Outcome, wantsJson: boolean, keeps: boolean): Response {
  const gif = (status: number, headers: Record<string, string>) =>
    new Response(GIF, { status, headers: { ...HEADERS, "content-type": "image/gif", ...headers } });
  switch (outcome.status) {
    case "accepted": {
      const { event_id, warnings } = outcome;
      const doubts = warnings.map(({ code, field }) => `${code} ${field}`).join(", ");
      const headers = doubts !== "" && { "x-event-warning": doubts };
      return gif(200, { "x-event-status": "accepted", "x-event-id": event_id, ...headers });
    }
    case "rejected": {
      const { code, field } = outcome.errors[0] as FieldError;
      const headers = { ...HEADERS, "x-event-status": "rejected", "x-event-error": `${code} ${field}` };
      if (!wantsJson) return gif(400, headers);
      return new Problem(400, "The event was not taken.", { errors: outcome.errors }).toResponse(headers);
    }
    case "limited": {
      const headers = { ...HEADERS, "x-event-status": "limited", ...limitHeaders("pixel", true) };
      if (!wantsJson && !keeps) return gif(429, headers);
      return new Problem(429, "Too many pixels from this address. Please send it again later.").toResponse(headers);
    }
    case "unavailable": {
      const headers = { ...HEADERS, "x-event-status": "unavailable", "retry-after": String(RETRY_AFTER) };
      if (!wantsJson && !keeps) return gif(503, headers);
      return new Problem(503, "The event could not be stored now. Please send it again.").toResponse(headers);
    }
  }
}

const sentAs = (pairs: readonly [string, unknown][], name: string) => pairs.find(([key]) => key === name)?.[1];

/** The event's type is the path's; without one it is a field. */
const pixel = (type: string | null) => async (c: Context<Incoming>) => {
  // Hono answers HEAD by the route of GET; a HEAD must not count as an event.
  if (c.req.method === "HEAD")
    return new Problem(405, "Pixels are sent with GET or POST.").toResponse({ ...HEADERS, allow: "GET, POST" });
  const now = Date.now();
  const within = await withinLimit(c.env, "pixel", c.req.raw, null);
  const posted: Posted = within ? await postedBy(c.req.raw) : { pairs: [] };
  const sent = { ...posted, pairs: [...new URL(c.req.url).searchParams, ...posted.pairs] };
  const event_type = type ?? String(sentAs(sent.pairs, "event_type") ?? "");
  const outcome: Outcome = within
    ? await collect(c.req.raw, c.env, event_type, sent, c.var.request_id, now)
    : { status: "limited" };
  if (outcome.status === "rejected") {
    const named = sentAs(sent.pairs, "project_id");
    const project_id = typeof named === "string" && named !== "" ? named : "default";
    recordRejections(c.env, c.executionCtx, [
      { project_id, door: "pixel", event_type, errors: outcome.errors, sent: sent.pairs, at: now },
    ]);
  }
  const accept = c.req.header("accept") ?? "";
  const wantsJson = /\bapplication\/(?:problem\+)?json\b/i.test(accept);
  return answer(outcome, wantsJson, keepsAsImage(c.req));
};

/**
 * The snippet on a page whose policy allows it only images. It sends `sent_at`, which no image in a page's HTML has. It
 * keeps its events and sees no status: for it an image means that the event was stored.
 */
const keepsAsImage = (request: Context<Incoming>["req"]): boolean =>
  request.header("sec-fetch-dest") === "image" && request.query("sent_at") !== undefined;

/** The setting that the snippet needs before it sends anything from a browser that asks for privacy. */
const privacy = async (c: Context<Incoming>) => {
  if (!(await withinLimit(c.env, "pixel", c.req.raw, null)))
    return new Problem(429, "Too many requests from this address.", {
      headers: limitHeaders("pixel", true),
    }).toResponse(HEADERS);
  const named = projectId.safeParse(c.req.query("project_id") || "default");
  if (!named.success) {
    const message = `project_id ${named.error.issues[0]?.message}`;
    return Problem.of("project_id", message).toResponse(HEADERS);
  }
  let project: Project | null;
  try {
    project = await findProject(c.env, named.data, Date.now());
  } catch (error) {
    log("error", "pixel settings not read", { request_id: c.var.request_id, error: String(error) });
    const later = { headers: { "retry-after": String(RETRY_AFTER) } };
    return new Problem(503, "The project's settings cannot be read now.", later).toResponse(HEADERS);
  }
  if (!project) return Problem.of("project_id", "there is no such project", "unknown_project").toResponse(HEADERS);
  const headers = { ...HEADERS, "cache-control": "public, max-age=300" };
  return c.json({ respect_privacy_signals: project.respect_privacy_signals }, 200, headers);
};

const visit = pixel("visit");
const registration = pixel("registration");
const deposit = pixel("deposit");
const happened = pixel(null);
const typed = (c: Context<Incoming>) => pixel(c.req.param("event_type") ?? "")(c);

export const pixelRoutes = new Hono<Incoming>()
  .get("/project.json", privacy)
  // The route of earlier snippets, of which browsers and sites may have copies.
  .get("/pixel.json", privacy)
  .use("/visit", preflight)
  .get("/visit", visit)
  .post("/visit", visit)
  .use("/registration", preflight)
  .get("/registration", registration)
  .post("/registration", registration)
  .use("/deposit", preflight)
  .get("/deposit", deposit)
  .post("/deposit", deposit)
  // The snippet's own route: `/pixel/visit?` and `/pixel.json?` are on public block lists.
  .use("/happened", preflight)
  .get("/happened", happened)
  .post("/happened", happened)
  .use("/pixel/:event_type", preflight)
  .get("/pixel/:event_type", typed)
  .post("/pixel/:event_type", typed);
