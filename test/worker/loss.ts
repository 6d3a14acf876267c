/** Simulates the loss of the database. */

import { forgetProjects } from "../../worker/project.ts";
import { CREATE_ID_INDEX } from "../../worker/store/places.ts";
import { home } from "./log.ts";

const found = home.DB.prepare(
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%' AND name <> 'd1_migrations'",
).raw<[string]>();

export const tables = async (): Promise<string[]> => (await found).flat();

/** The database is then like a new, migrated one. */
export async function lose(): Promise<void> {
  await home.DB.batch([
    ...(await tables()).map((table) => home.DB.prepare(`DELETE FROM ${table}`)),
    home.DB.prepare("DELETE FROM sqlite_sequence"),
    home.DB.prepare("INSERT INTO projects (project_id, name, created_at) VALUES ('default', 'Default', 0)"),
    home.DB.prepare("INSERT INTO renaming (id, generation) VALUES (0, 0)"),
    home.DB.prepare("INSERT INTO log_state (id, ids_cursor, version, indexed) VALUES (0, 0, 0, 1)"),
    home.DB.prepare(CREATE_ID_INDEX),
  ]);
  forgetProjects();
}
