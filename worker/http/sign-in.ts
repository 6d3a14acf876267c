/** Signing in to the dashboard with a key, and out again. */
import { Hono } from "hono";
import * as z from "zod";
import { atLeast } from "./access.ts";
import { readBody } from "./body.ts";
import { principalOfKey } from "./keys.ts";
import { type App, may } from "./principal.ts";
import { Problem } from "./problem.ts";
import { endSession, startSession } from "./session.ts";

export const credentials = z.strictObject({ key: z.string().min(1).max(512) });

export const sessionRoutes = new Hono<App>()
  .post("/session", async (c) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== new URL(c.req.url).origin)
      throw new Problem(403, "Sign in from the dashboard itself.");
    const { key } = await readBody(c, credentials);
    const principal = await principalOfKey(c.env, key, Date.now());
    if (!principal) throw new Problem(401, "That key is not known here.");
    if (!may(principal, "viewer"))
      throw new Problem(403, "That key can only send events; sign in with one that can read.");
    await startSession(c, principal, Date.now());
    return c.json(principal);
  })
  .get("/session", atLeast("viewer"), (c) => c.json(c.var.principal))
  .delete("/session", (c) => {
    endSession(c);
    return c.body(null, 204);
  });
