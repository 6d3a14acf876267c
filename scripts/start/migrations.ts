/** Whether the local database lacks a migration. It is read directly, since wrangler would take longer than the rest of a start. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The folder of Miniflare's D1 databases, below `--persist-to`. */
const FOLDER = join("v3", "d1", "miniflare-D1DatabaseObject");

/** The arguments for wrangler to migrate the database in a folder. */
export const migrationsInto = (persistTo: string): string[] => [
  "d1",
  "migrations",
  "apply",
  "DB",
  "--local",
  "--persist-to",
  persistTo,
];

/** Whether all migrations are applied. False also where this is not known: then wrangler checks it. */
export function isMigrated(persistTo: string, migrations: readonly string[]): boolean {
  const folder = join(persistTo, FOLDER);
  const databases = existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name)) : [];
  return databases.length === 1 && migrations.every((name) => appliedIn(join(folder, `${databases}`)).has(name));
}

function appliedIn(file: string): Set<string> {
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return new Set(
        database
          .prepare("SELECT name FROM d1_migrations")
          .all()
          .map(({ name }) => String(name)),
      );
    } finally {
      database.close();
    }
  } catch {
    return new Set();
  }
}
