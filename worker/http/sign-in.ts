/** Signing in to the dashboard with a key, and out again. */
import { Hono } from "hono";
import * as z from "zod";
import { atLeast, principalOfKey } from "./access.ts";
import type { App } from "./principal.ts";
import { Problem } from "./problem.ts";
import { endSession, startSession } from "./session.ts";

const credentials = z.strictObject({ key: z.string().min(1).max(512) });

export const sessionRoutes = new Hono<App>()
  .post("/session", async (c) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== new URL(c.req.url).origin)
      throw new Problem(403, "Sign in from the dashboard itself.");
    const given = credentials.safeParse(await c.req.json().catch(() => null));
    if (!given.success) throw Problem.of("key", 'key is required, as JSON: {"key":"…"}', "missing");
    const principal = await principalOfKey(c.env, given.data.key);
    if (!principal) throw new Problem(401, "That key is not known here.");
    await startSession(c, principal, Date.now());
    return c.json(principal);
  })
  .get("/session", atLeast("viewer"), (c) => c.json(c.var.principal))
  .delete("/session", (c) => {
    endSession(c);
    return c.body(null, 204);
  });
