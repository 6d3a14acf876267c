/** The live figures: asked for once, or pushed over a WebSocket as they change. */
import { Hono } from "hono";
import * as z from "zod";
import { ofProject } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { SESSION_SECONDS } from "../http/session.ts";
import type { Listener } from "../live/counters.ts";
import { common } from "./period.ts";

/** Viewers see that something happened, not who did it. */
const seesPeople = (principal: Principal) => principal.role !== "viewer";

export const realtimeRoutes = new Hono<App>()
  .get("/realtime", parameters(z.strictObject({ project_id: common.project_id })), ofProject, async (c) => {
    const { project_id, timezone } = c.var.project;
    const snapshot = await c.env.LIVE.getByName(project_id).snapshot(
      { project_id, timezone },
      seesPeople(c.var.principal),
      Date.now(),
    );
    c.header("cache-control", "no-store");
    return c.json(snapshot);
  })
  .get("/live", parameters(z.strictObject({ project_id: common.project_id })), ofProject, async (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") throw new Problem(426, "This route is a WebSocket.");
    const { project_id, timezone } = c.var.project;
    const listener: Listener = { personal: seesPeople(c.var.principal), until: Date.now() + SESSION_SECONDS * 1_000 };
    const request = new Request("https://live/", {
      headers: { upgrade: "websocket", "x-listener": JSON.stringify({ settings: { project_id, timezone }, listener }) },
    });
    return c.env.LIVE.getByName(project_id).fetch(request);
  });
