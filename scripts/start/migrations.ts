/** Whether a local database lacks a migration. It is read directly, since wrangler would take longer than the rest of a start. */
import { createHash, createHmac } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Miniflare's Durable Object of D1, whose folder below `--persist-to` has the databases. */
const OBJECT = "miniflare-D1DatabaseObject";

/** The file of a local database. Its name is the id that Miniflare gives the Durable Object of that name. */
export function databaseFile(persistTo: string, localId: string): string {
  const key = createHash("sha256").update(OBJECT).digest();
  const half = (data: string | Buffer) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
  const name = half(localId);
  return join(persistTo, "v3", "d1", OBJECT, `${Buffer.concat([name, half(name)]).toString("hex")}.sqlite`);
}

/** The arguments for wrangler to migrate a database in a folder. */
export const migrationsInto = (persistTo: string, binding = "DB"): string[] => [
  "d1",
  "migrations",
  "apply",
  binding,
  "--local",
  "--persist-to",
  persistTo,
];

/** Whether all migrations are applied. False also where this is not known: then wrangler checks it. */
export function isMigrated(file: string, migrations: readonly string[]): boolean {
  const applied = appliedIn(file);
  return migrations.every((name) => applied.has(name));
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
