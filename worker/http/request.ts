/** The middleware of every request: its id in the answer and in the log, its log line, and its time on the meter. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import { v7 as uuidv7 } from "uuid";
import { log } from "../log.ts";
import { measure } from "../meter/measure.ts";
import type { RouteClass } from "../meter/meter.ts";
import type { App, Incoming } from "./principal.ts";
import { Problem } from "./problem.ts";

/** Short enough for a queue message to carry a hundred. */
const ID = /^[A-Za-z0-9._:-]{8,64}$/;
/** Slower requests are logged, in milliseconds. */
const SLOW_MS = 1_000;

/** Cloudflare's own, else the caller's, else a new one. */
function idOf(headers: Headers, now: number): string {
  const given = headers.get("cf-ray") ?? headers.get("x-request-id");
  return given !== null && ID.test(given) ? given : uuidv7({ msecs: now });
}

/** The route's pattern, such as `/api/v1/players/:player_id`; `none` where there is no route. */
const routeOf = (c: Context): string => matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? "none";

const API = /^\/(?:api|v1)\//;
const PIXEL = /^\/(?:visit|registration|deposit|pixel\/.*)$/;

function classOf(c: Context): RouteClass {
  const route = routeOf(c);
  if (PIXEL.test(route)) return "pixel";
  if (!route.startsWith("/api/v1/") && !route.startsWith("/api/") && !route.startsWith("/v1/")) return "other";
  if (c.req.method === "GET" || c.req.method === "HEAD") return "read";
  return route.endsWith("/events") ? "events" : "write";
}

/**
 * Requests that failed, took long or changed something have a line. Accepted events have no line, since lines are billed:
 * the line of their queue batch has the request's id. `LOG_LEVEL=debug` logs every request.
 */
function worthALine(c: Context<Incoming>, ms: number): boolean {
  if (c.res.status >= 400 || ms >= SLOW_MS) return true;
  return !["GET", "HEAD", "OPTIONS"].includes(c.req.method) && !routeOf(c).endsWith("/events");
}

export const traced = createMiddleware<Incoming>(async (c, next) => {
  const began = Date.now();
  const request_id = idOf(c.req.raw.headers, began);
  c.set("request_id", request_id);
  await next();
  // The headers of a WebSocket's answer cannot be changed.
  if (c.res.status !== 101) {
    c.res.headers.set("x-request-id", request_id);
    c.res.headers.set("x-content-type-options", "nosniff");
    // Answers of the API may be personal, so none is cached that does not say for how long.
    if (API.test(c.req.path) && !c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  }
  const ms = Date.now() - began;
  measure(c.env, c.executionCtx, classOf(c), c.res.status, ms);
  const worth = worthALine(c, ms);
  if (worth || c.env.LOG_LEVEL === "debug") log(worth ? levelOf(c.res.status) : "debug", "request", lineOf(c, ms));
});

const levelOf = (status: number) => (status >= 500 ? "error" : status >= 400 ? "warn" : "info");

function lineOf(c: Context<Incoming>, ms: number) {
  const { principal, project } = (c as unknown as Context<App>).var as Partial<App["Variables"]>;
  const [pixel] = c.res.headers.get("x-event-error")?.split(" ") ?? [];
  const codes = c.error instanceof Problem ? c.error.errors?.map(({ code }) => code) : pixel && [pixel];
  return {
    request_id: c.var.request_id,
    method: c.req.method,
    route: routeOf(c),
    status: c.res.status,
    ms,
    ...(codes && { codes }),
    ...(project && { project_id: project.project_id }),
    ...(principal &&
      (principal.share_id === undefined ? { key_id: principal.key_id ?? "admin" } : { share_id: principal.share_id })),
  };
}
