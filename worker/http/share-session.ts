/** Opening a share link: its token, and its password where it has one, for a session. */
import { Hono } from "hono";
import * as z from "zod";
import { identified } from "./access.ts";
import { readBody, SIGNING_IN } from "./body.ts";
import type { App } from "./principal.ts";
import { Problem } from "./problem.ts";
import { limitSignIn } from "./rate-limit.ts";
import { isPassword, type Share, shareOfToken, startShareSession } from "./share.ts";

export const shareOpening = z.strictObject({
  token: z.string().min(1, "must not be empty").max(512, "is too long"),
  password: z.string().max(512, "is too long").optional(),
});

export type ShareSession = Pick<Share, "project_id" | "name" | "view"> & {
  /** Sent as `Authorization: Bearer`. */
  session: string;
  expires_at: string;
};

const refused = (code: string, detail: string) =>
  new Problem(401, detail, { errors: [{ field: "password", code, message: detail }] });

export const shareSessionRoutes = new Hono<App>().post("/share-sessions", async (c) => {
  await limitSignIn(c.env, c.req.raw);
  const { token, password } = await readBody(c, shareOpening, SIGNING_IN);
  if (!c.env.ADMIN_TOKEN) throw new Problem(503, "No ADMIN_TOKEN is set, which sessions are signed with.");
  const now = Date.now();
  const share = await identified(shareOfToken(c.env, token, now));
  if (!share) throw new Problem(404, "This link is not known here, or it has expired.");
  if (share.password !== null) {
    if (password === undefined) throw refused("password_required", "This link asks for its password.");
    if (!(await isPassword(password, share.password))) throw refused("wrong_password", "This is not the password.");
  }
  const { project_id, name, view } = share;
  const opened: ShareSession = { ...(await startShareSession(c.env, share, now)), project_id, name, view };
  c.header("cache-control", "no-store");
  return c.json(opened);
});
