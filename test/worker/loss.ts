/** Simulates the loss of the database. */
import { env } from "cloudflare:workers";
import { forgetProjects } from "../../worker/project.ts";
import { CREATE_ID_INDEX } from "../../worker/store/places.ts";

const found = env.DB.prepare(
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%' AND name <> 'd1_migrations'",
).raw<[string]>();

export const tables = async (): Promise<string[]> => (await found).flat();

/** The database is then like a new, migrated one. */
export async function lose(): Promise<void> {
  await env.DB.batch([
    ...(await tables()).map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare("DELETE FROM sqlite_sequence"),
    env.DB.prepare("INSERT INTO projects (project_id, name, created_at) VALUES ('default', 'Default', 0)"),
    env.DB.prepare("INSERT INTO renaming (id, generation) VALUES (0, 0)"),
    env.DB.prepare("INSERT INTO log_state (id, ids_cursor, version, indexed) VALUES (0, 0, 0, 1)"),
    env.DB.prepare(CREATE_ID_INDEX),
  ]);
  forgetProjects();
}
