/** Making codes that sign in once. Using one is signing in: see worker/http/sign-in.ts. */
import { Hono } from "hono";
import { atLeast } from "../http/access.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { newCode } from "../http/sign-in-code.ts";
import { openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

export const signInCodeRoutes = new Hono<App>().post("/session/codes", atLeast("admin"), async (c) => {
  const { principal, session } = c.var;
  // A session could else go on for ever by the next one.
  if (session) throw new Problem(403, "A sign-in code is made with a key, and not from a session.");
  const now = Date.now();
  const { made, statements } = await newCode(c.env, principal, now);
  const what = { project_id: principal.project_id, action: "session.code", subject: principal.key_id ?? "admin" };
  await act(openDatabase(c.env.DB), principal, now, what, statements);
  c.header("cache-control", "no-store");
  return c.json(made, 201);
});
