/** A project's settings, as the hot path needs them: read once in a while, not once a request. */
import { eq } from "drizzle-orm";
import { openDatabase, projects } from "./schema.ts";

export type Project = typeof projects.$inferSelect;

/** How long an isolate trusts what it has read, in milliseconds. A change is in force everywhere after it. */
export const SETTINGS_TTL_MS = 30_000;
/** A project that was not found is looked up again sooner: it may be about to be created. */
const ABSENT_TTL_MS = 2_000;
const MOST = 1_000;

type Known = { project: Project | null; until: number };
const known = new Map<string, Known>();

/** The project, or null where there is none. Where the database does not answer, what was last known. */
export async function findProject(env: Env, project_id: string, now: number): Promise<Project | null> {
  const cached = known.get(project_id);
  if (cached && now < cached.until) return cached.project;
  try {
    const [project = null] = await openDatabase(env.DB)
      .select()
      .from(projects)
      .where(eq(projects.project_id, project_id));
    if (known.size >= MOST) known.clear();
    known.set(project_id, { project, until: now + (project ? SETTINGS_TTL_MS : ABSENT_TTL_MS) });
    return project;
  } catch (error) {
    if (cached?.project) return cached.project;
    throw error;
  }
}

/** Makes the next look-up in this isolate read again. */
export function forgetProjects(): void {
  known.clear();
}
