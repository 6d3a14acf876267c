/** Finds out who is asking, and lets in who may. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { findProject } from "../project.ts";
import { type App, type Principal, ROLES, type Role } from "./principal.ts";
import { Problem } from "./problem.ts";
import { readSession } from "./session.ts";

const encoder = new TextEncoder();

/** Compares digests, so that neither length nor content shows in the time it takes. */
async function same(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all(
    [given, expected].map((text) => crypto.subtle.digest("SHA-256", encoder.encode(text))),
  );
  return crypto.subtle.timingSafeEqual(a as ArrayBuffer, b as ArrayBuffer);
}

/** The principal of a key, or null where it is none. */
export async function principalOfKey(env: Env, key: string): Promise<Principal | null> {
  if (env.ADMIN_TOKEN && (await same(key, env.ADMIN_TOKEN))) return { role: "admin", project_id: null };
  return null;
}

async function identify(c: Context<App>): Promise<Principal | null> {
  const authorization = c.req.header("authorization");
  if (authorization !== undefined) {
    const [, key] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    return key === undefined ? null : principalOfKey(c.env, key);
  }
  const session = await readSession(c, Date.now());
  // SameSite=Strict keeps other sites' pages out; a socket or a write from another origin is refused all the same.
  const origin = c.req.header("origin");
  if (session && origin !== undefined && origin !== new URL(c.req.url).origin) return null;
  return session;
}

/** Lets in whoever has at least this role; others are told whether they must sign in or may not. */
export const atLeast = (role: Role) =>
  createMiddleware<App>(async (c, next) => {
    const principal = await identify(c);
    if (!principal) throw new Problem(401, "Sign in, or send a key as Authorization: Bearer.");
    if (ROLES.indexOf(principal.role) < ROLES.indexOf(role)) throw new Problem(403, `This needs the role ${role}.`);
    c.set("principal", principal);
    await next();
  });

/** Settles which project a request is about: the key's own, or the one it names. */
export const ofProject = createMiddleware<App>(async (c, next) => {
  const own = c.var.principal.project_id;
  const named = c.req.query("project_id");
  if (own !== null && named !== undefined && named !== own)
    throw new Problem(403, "This key belongs to another project.");
  const project_id = own ?? named ?? "default";
  const project = await findProject(c.env, project_id, Date.now());
  if (!project) throw Problem.of("project_id", `there is no project ${project_id}`, "unknown_project");
  c.set("project", project);
  await next();
});
