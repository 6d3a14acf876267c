/** The live figures: asked for once, or pushed over a WebSocket as they change. */
import { Hono } from "hono";
import * as z from "zod";
import { ofProject } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import { type App, may, type Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import type { Listener, View } from "../live/counters.ts";
import { common } from "./period.ts";

/** Viewers see that something happened, not who did it; a key of some tags sees what counts for those. */
const viewOf = (principal: Principal): View => ({
  personal: may(principal, "analyst"),
  banner_tags: principal.banner_tags,
});

export const realtimeQuery = z.strictObject({ project_id: common.project_id });

/** How long a socket stays open before its listener must show again who it is: so a revoked key stops listening. */
const LISTENING_MS = 15 * 60_000;

export const realtimeRoutes = new Hono<App>()
  .get("/realtime", parameters(realtimeQuery), ofProject, async (c) => {
    const { project_id, timezone } = c.var.project;
    const snapshot = await c.env.LIVE.getByName(project_id).snapshot(
      { project_id, timezone },
      viewOf(c.var.principal),
      Date.now(),
    );
    c.header("cache-control", "no-store");
    return c.json(snapshot);
  })
  .get("/live", parameters(realtimeQuery), ofProject, async (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") throw new Problem(426, "This route is a WebSocket.");
    const { project_id, timezone } = c.var.project;
    const { share_id, expires_at } = c.var.principal;
    const listener: Listener = {
      ...viewOf(c.var.principal),
      until: Math.min(Date.now() + LISTENING_MS, Date.parse(expires_at ?? "") || Number.POSITIVE_INFINITY),
      ...(share_id !== undefined && { share_id }),
    };
    const request = new Request("https://live/", {
      headers: { upgrade: "websocket", "x-listener": JSON.stringify({ settings: { project_id, timezone }, listener }) },
    });
    const response = await c.env.LIVE.getByName(project_id).fetch(request);
    const { webSocket } = response;
    if (webSocket === null || c.req.header("sec-websocket-protocol") === undefined) return response;
    // Who offers protocols is told which one it is.
    return new Response(null, { status: 101, webSocket, headers: { "sec-websocket-protocol": "bearer" } });
  });
