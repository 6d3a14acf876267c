/** Who is asking, as every route sees it. */
import type { Project } from "../project.ts";

/** In order: a role can do all that the ones before it can. */
export const ROLES = ["viewer", "analyst", "admin"] as const;
export type Role = (typeof ROLES)[number];

export type Principal = {
  role: Role;
  /** Null: every project. */
  project_id: string | null;
};

/** What a route of the API finds in its context. */
export type App = { Bindings: Env; Variables: { principal: Principal; project: Project } };
