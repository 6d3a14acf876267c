/** Signing in to the dashboard with a key, or a code that was made with one, and out again. */
import { Hono } from "hono";
import * as z from "zod";
import { databaseOf, mainDatabaseOf, transact } from "../store/database.ts";
import { isOfShard } from "../store/placements.ts";
import { projects } from "../store/schema.ts";
import { everyShard, shardOf } from "../store/shards.ts";
import { atLeast, identified, identify, reaches } from "./access.ts";
import { readBody, SIGNING_IN } from "./body.ts";
import { principalOfKey } from "./keys.ts";
import { parameters } from "./parameters.ts";
import { type App, may, type Principal } from "./principal.ts";
import { Problem } from "./problem.ts";
import { limitSignIn } from "./rate-limit.ts";
import { endSession, endSessionsOf, forgetSession, startSession } from "./session.ts";
import { endCodesOf, principalOfCode } from "./sign-in-code.ts";

const secret = z.string().min(1).max(512).optional();
export const credentials = z
  .strictObject({
    key: secret,
    code: secret.describe("One that signs in once, instead of the key; see createSignInCode."),
  })
  .superRefine(({ key, code }, context) => {
    if ((key === undefined) === (code === undefined))
      context.addIssue({ code: "custom", message: "or code is required, and not both", path: ["key"] });
  });

/** `all`: every session that began with the same key. */
export const signingOut = z.strictObject({ all: z.enum(["true"], "must be true").optional() });

export type SignedIn = Principal & {
  /** The projects that may be chosen. */
  projects: { project_id: string; name: string }[];
};

async function signedIn(env: Env, principal: Principal): Promise<SignedIn> {
  const all = await Promise.all(
    everyShard(env).map((shard) =>
      databaseOf(shard)
        .select({ project_id: projects.project_id, name: projects.name })
        .from(projects)
        .where(isOfShard(shardOf(shard)))
        .orderBy(projects.name, projects.project_id),
    ),
  );
  const order = ({ name, project_id }: { name: string; project_id: string }) => `${name}\0${project_id}`;
  const reached = all.flat().filter(({ project_id }) => reaches(principal, project_id));
  if (all.length > 1) reached.sort((one, other) => (order(one) < order(other) ? -1 : 1));
  return { ...principal, projects: reached };
}

export const sessionRoutes = new Hono<App>()
  .post("/session", async (c) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== new URL(c.req.url).origin)
      throw new Problem(403, "Sign in from the dashboard itself.");
    await limitSignIn(c.env, c.req.raw);
    const { key = "", code } = await readBody(c, credentials, SIGNING_IN);
    const now = Date.now();
    const finding = code === undefined ? principalOfKey(c.env, key, now) : principalOfCode(c.env, code, now);
    const principal = await identified(finding);
    if (!principal) throw new Problem(401, "That key is not known here.");
    if (!may(principal, "viewer"))
      throw new Problem(403, "That key can only send events; sign in with one that can read.");
    await startSession(c, principal, now);
    return c.json(await identified(signedIn(c.env, principal)));
  })
  .get("/session", atLeast("viewer"), async (c) => c.json(await identified(signedIn(c.env, c.var.principal))))
  .delete("/session", parameters(signingOut), async (c) => {
    const now = Date.now();
    const principal = await identified(identify(c, "viewer", () => limitSignIn(c.env, c.req.raw), now));
    const { session } = c.var;
    const db = mainDatabaseOf(c.env);
    if (principal && principal.share_id === undefined && c.req.valid("query").all !== undefined)
      await transact(db, [...endSessionsOf(principal.key_id, now), endCodesOf(principal.key_id)]);
    else if (principal && session) await transact(db, endSession(session, now));
    forgetSession(c);
    return c.body(null, 204);
  });
