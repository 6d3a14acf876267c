/** Migrates each database before the code that needs it is deployed: the version before works with each migration, too. */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../command.ts";
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
  would: ({ instance }) =>
    instance.databases
      .map(
        ({ binding }) => `wrangler d1 migrations apply ${binding} --remote (${pendingIn([]).length} on a new database)`,
      )
      .join("\n"),
  async run(work) {
    const { instance, found } = work;
    const waiting = instance.databases.flatMap(({ binding, name }) => {
      const pending = found.databases.get(binding)?.pending ?? [];
      return pending.length > 0 ? [{ binding, name, pending }] : [];
    });
    if (waiting.length === 0) return "none to apply";
    const file = writeConfiguration(work);
    const several = instance.databases.length > 1;
    const applied: string[] = [];
    for (const { binding, name, pending } of waiting) {
      try {
        await wrangler(["d1", "migrations", "apply", binding, "--remote", "--config", file]);
      } catch (error) {
        const before = applied.length > 0 ? ` Before it: ${applied.join("; ")}.` : "";
        throw new Error(`The database ${name} (${binding}) is not migrated.${before}\n${messageOf(error)}`);
      }
      applied.push(`applied ${pending.length}${several ? ` to ${name}` : ""}: ${pending[0]} … ${pending.at(-1)}`);
    }
    return applied.join("; ");
  },
};
