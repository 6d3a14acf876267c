/** Identifies who sent a request, and checks the role. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Credential } from "../live/listeners.ts";
import { findProject, type PlacedProject } from "../project.ts";
import { onShard } from "../store/shards.ts";
import { ADMIN, principalOfKey, principalOfKeyId } from "./keys.ts";
import { type App, may, type Principal, type Role } from "./principal.ts";
import { Problem } from "./problem.ts";
import { limitHeaders, limitSignIn, withinLimit } from "./rate-limit.ts";
import { principalOfSession, readSession } from "./session.ts";
import { isShareSession, principalOfShare, principalOfShareSession } from "./share.ts";

/** Seconds after which a request may be sent again if its sender could not be identified. */
const RETRY_AFTER = "5";

/** Pages cannot set headers of a socket: there the protocols `bearer, <session>` carry it. Null is none. */
function bearerOf(c: Context<App>): string | null {
  const authorization = c.req.header("authorization");
  if (authorization !== undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  return /^bearer, *(\S+)$/.exec(c.req.header("sec-websocket-protocol") ?? "")?.[1] ?? null;
}

/** Keys are looked up in the database: while it does not answer, no key is called wrong. */
export async function identified<Answer>(finding: Promise<Answer>): Promise<Answer> {
  try {
    return await finding;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(503, "The key cannot be checked now. Please try again.", {
      headers: { "retry-after": RETRY_AFTER },
      cause: error,
    });
  }
}

/** The principal that an earlier credential belongs to now; null where it is no longer valid. */
export async function principalOf(env: Env, credential: Credential, now: number): Promise<Principal | null> {
  const { key_id, share_id, session } = credential;
  if (share_id !== undefined) return principalOfShare(env, share_id, now);
  if (session) return principalOfSession(env, { ...session, key_id }, now);
  return key_id === null ? ADMIN : principalOfKeyId(env, key_id, now);
}

export async function identify(c: Context<App>, role: Role, guess: () => Promise<void>, now: number) {
  const bearer = bearerOf(c);
  if (bearer !== null)
    return isShareSession(bearer)
      ? principalOfShareSession(c.env, bearer, now)
      : principalOfKey(c.env, bearer, now, { guess, copies: role === "collect" });
  const session = await readSession(c, now);
  // SameSite=Strict keeps other sites' pages out; a socket or a write from another origin is refused all the same.
  const origin = c.req.header("origin");
  if (!session || (origin !== undefined && origin !== new URL(c.req.url).origin)) return null;
  c.set("session", session);
  return principalOfSession(c.env, session, now);
}

/** Admits requests with this role or one that includes it; others get 401 or 403. */
export const atLeast = (role: Role) =>
  createMiddleware<App>(async (c, next) => {
    let counted = false;
    const guess = async () => {
      counted = true;
      await limitSignIn(c.env, c.req.raw);
    };
    const principal = c.var.principal ?? (await identified(identify(c, role, guess, Date.now())));
    if (!principal) {
      if (bearerOf(c) !== null && !counted) await guess();
      throw new Problem(401, "Sign in, or send a key as Authorization: Bearer.");
    }
    if (!may(principal, role)) {
      const limited = principal.role === "admin" && role === "admin";
      throw new Problem(403, limited ? "This key is limited to its banner tags." : `This needs the role ${role}.`);
    }
    // Many people may have opened the same link, so each is limited by address.
    const { key_id } = principal;
    if (!c.var.principal && !(await withinLimit(c.env, "api", c.req.raw, key_id))) {
      throw new Problem(429, "Too many requests with this key.", { headers: limitHeaders("api", true) });
    }
    c.set("principal", principal);
    await next();
    if (!c.res.headers.has("ratelimit-policy") && c.res.status !== 101) {
      for (const [name, value] of Object.entries(limitHeaders("api"))) c.header(name, value);
    }
  });

/** For routes that need a key, and not a share link. */
export const notShared = createMiddleware<App>(async (c, next) => {
  if (c.var.principal.share_id !== undefined) throw new Problem(403, "A share link shows figures, and nothing else.");
  await next();
});

/** Whether a principal may act on a project. */
export function reaches(principal: Principal, project_id: string | null): boolean {
  return principal.project_id === null || principal.project_id === project_id;
}

/** The project that a request is about: the key's own, or the one it names. */
export async function projectFor(
  env: Env,
  principal: Principal,
  named: string | undefined,
  now: number,
): Promise<PlacedProject> {
  const project_id = named ?? principal.project_id ?? "default";
  if (!reaches(principal, project_id)) throw new Problem(403, "This key belongs to another project.");
  const project = await identified(findProject(env, project_id, now));
  if (!project) throw Problem.of("project_id", `there is no project ${project_id}`, "unknown_project");
  return project;
}

/** Sets the project that a request is about, from the query, and the environment of its shard. */
export const ofProject = createMiddleware<App>(async (c, next) => {
  const project = await projectFor(c.env, c.var.principal, c.req.query("project_id"), Date.now());
  c.set("project", project);
  c.env = onShard(c.env, project.shard);
  await next();
});
