/** Who sent a request, in the form that every route uses. */
import type { Project } from "../project.ts";
import type { Session } from "./session.ts";

/** In order: a role includes those before it. `collect`, which only sends, is not in this order. */
const READING = ["viewer", "analyst", "admin"] as const;
export const ROLES = ["collect", ...READING] as const;
export type Role = (typeof ROLES)[number];

export type Principal = {
  role: Role;
  /** Null: every project. */
  project_id: string | null;
  /** Null: every tag. Else the only ones this principal may see or send. */
  banner_tags: string[] | null;
  /** The key behind it; null is ADMIN_TOKEN, or a share link. */
  key_id: string | null;
  /** The share link that was opened: a viewer who has no key, and sees no people. */
  share_id?: string;
  /** Sees no amounts of money (`reports/hiding.ts`). */
  hide_amounts?: true;
  /** When that session ends. */
  expires_at?: string;
};

/** The context of every route. */
export type Incoming = { Bindings: Env; Variables: { request_id: string } };
/** The context of a route of the API. */
export type App = {
  Bindings: Env;
  Variables: Incoming["Variables"] & {
    principal: Principal;
    project: Project;
    /** The dashboard's session, if the request has one. */
    session?: Session;
  };
};

export function may(principal: Principal, role: Role): boolean {
  // Administration is not divided by tag, and much of it shows amounts. So keys that are limited to tags, or from which
  // amounts are hidden, have no part in it.
  if (role === "admin" && (principal.banner_tags !== null || principal.hide_amounts)) return false;
  if (role === "collect") return principal.role === "collect" || principal.role === "admin";
  return principal.role !== "collect" && READING.indexOf(principal.role) >= READING.indexOf(role);
}
