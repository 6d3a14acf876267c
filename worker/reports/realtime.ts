/** The live figures: once by GET, or over a WebSocket as they change. */
import { Hono } from "hono";
import * as z from "zod";
import { ofProject } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import type { Listener } from "../live/listeners.ts";
import { viewOf } from "./listening.ts";
import { common } from "./period.ts";

export const realtimeQuery = z.strictObject({ project_id: common.project_id });

/** How long a socket stays open before its listener must connect again. */
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
    const { key_id, share_id, expires_at } = c.var.principal;
    const { session } = c.var;
    const over = Date.parse(expires_at ?? "") || (session?.until ?? Number.POSITIVE_INFINITY);
    const listener: Listener = {
      credential: {
        key_id,
        ...(share_id !== undefined && { share_id }),
        ...(session && { session: { id: session.id, began_at: session.began_at } }),
      },
      until: Math.min(Date.now() + LISTENING_MS, over),
    };
    const request = new Request("https://live/", {
      headers: { upgrade: "websocket", "x-listener": JSON.stringify({ settings: { project_id, timezone }, listener }) },
    });
    const response = await c.env.LIVE.getByName(project_id).fetch(request);
    const { webSocket } = response;
    if (webSocket === null || c.req.header("sec-websocket-protocol") === undefined) return response;
    // A client that offers protocols expects to read in the answer which one was chosen.
    return new Response(null, { status: 101, webSocket, headers: { "sec-websocket-protocol": "bearer" } });
  });
