import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Health } from "../../worker/reports/health.ts";
import { MAIN } from "../../worker/store/shards.ts";
import { type Check, type Finding, ok, shardsOf, warning, worstOf, wrong } from "./check.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ownVersion = () => (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version;
const migrations = () =>
  readdirSync(join(ROOT, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort();

export const version: Check = {
  name: "version",
  asks: "Are its code, its database and this clone of one version?",
  async look(patient) {
    const { health, local } = patient;
    // The instance may be older than this clone.
    const { version, migration } = health.body as Partial<Health>;
    const upgrade = local
      ? "Stop it and run `npm start` again in this clone: that builds it, and applies what is missing."
      : "Run `npm run deploy` in this clone, which applies migrations first. CHANGELOG.md says what changes.";
    if (version === undefined) return wrong("It is older than versions that say which they are.", upgrade);
    const ours = migrations();
    const newest = ours.at(-1);
    const findings = shardsOf(patient).map(({ name, named }): Finding => {
      const of = name === MAIN ? migration : health.body.shards?.[name]?.migration;
      if (of === null || of === undefined)
        return wrong(`${named}Its database does not say which migrations it has.`, upgrade);
      if (!ours.includes(of))
        return warning(
          `${named}It is ${version}, and its database has the migration ${of}, which this clone has not.`,
          "The instance is newer than this clone: `git pull` and `npm ci`.",
        );
      if (of !== newest)
        return wrong(`${named}Its database has migrations up to ${of}; this clone has them up to ${newest}.`, upgrade);
      return ok("");
    });
    const migrated = worstOf(
      findings,
      ({ length }) =>
        `Both are ${version}, and ${length === 1 ? "its database has" : `its ${length} databases have`} all ${ours.length} migrations.`,
    );
    if (migrated.verdict !== "ok") return migrated;
    if (version !== ownVersion()) return warning(`It is ${version}, and this clone is ${ownVersion()}.`, upgrade);
    return migrated;
  },
};
