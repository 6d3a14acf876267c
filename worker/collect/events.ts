/** The events API: what servers and apps send of their players. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { atLeast } from "../http/access.ts";
import type { App } from "../http/principal.ts";
import { recordRejections } from "../request-log/record-rejections.ts";
import { through } from "./batch.ts";
import { senderOf } from "./sender.ts";

/** Any page may send: the key decides, and no cookie is used. */
const fromPages = cors({
  origin: "*",
  allowMethods: ["POST"],
  allowHeaders: ["Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key"],
  exposeHeaders: ["Retry-After", "X-Request-Id"],
  maxAge: 86_400,
});

const collect = through({
  door: "api",
  sender(request) {
    // A server sends for its players, so its user agent is not theirs.
    const { country, source_ip } = senderOf(request);
    return { country, source_ip, device: null, browser: null, os: null, referrer: null, user_agent: null, bot: null };
  },
  refused: (c, refusals) =>
    recordRejections(
      c.env,
      c.executionCtx,
      refusals.map((refusal) => ({ ...refusal, door: "api" })),
    ),
});

export const eventRoutes = new Hono<App>().use("/events", fromPages).post("/events", atLeast("collect"), collect);
