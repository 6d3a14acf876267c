/** Migrates the database before the code that needs it is deployed: the version before works with each migration, too. */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { writeConfiguration } from "./files.ts";
import type { Step } from "./work.ts";
import { wrangler } from "./wrangler.ts";

const FOLDER = resolve(import.meta.dirname, "../../migrations");

/** The migrations that are not applied yet, in the order in which Wrangler applies them. */
export const pendingIn = (applied: readonly string[]): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".sql") && !applied.includes(name))
    .sort();

export const migrationsStep: Step = {
  name: "migrations",
  would: () => `wrangler d1 migrations apply DB --remote (${pendingIn([]).length} on a new database)`,
  async run(work) {
    const { pending } = work.found;
    if (pending.length === 0) return "none to apply";
    const file = writeConfiguration(work);
    await wrangler(["d1", "migrations", "apply", "DB", "--remote", "--config", file]);
    return `applied ${pending.length}: ${pending[0]} … ${pending.at(-1)}`;
  },
};
