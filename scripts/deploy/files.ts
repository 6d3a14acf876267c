/** The files of a deployment on this machine, in a folder that git ignores. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { configurationOf } from "./instance.ts";
import { jurisdictionOf, planOf, type Work } from "./work.ts";

const FOLDER = resolve(import.meta.dirname, "../../.edgepixel");

/** A file of an environment. */
export function fileOf({ instance }: Pick<Work, "instance">, what: string): string {
  mkdirSync(FOLDER, { recursive: true });
  return join(FOLDER, `${instance.environment}.${what}`);
}

/**
 * Writes the configuration for Wrangler, and returns its file. It has the domain only if the domain leads to this Worker already,
 * or with `attached`: without a terminal, Wrangler would take the domain away from any other Worker.
 */
export function writeConfiguration(work: Work, { attached = work.found.domain } = {}): string {
  const file = fileOf(work, "json");
  const databaseIds = work.instance.databases.map(({ binding, name }) => {
    const found = work.found.databases.get(binding);
    if (!found) throw new Error(`The configuration names the database ${name}, which is not there yet.`);
    return found.id;
  });
  const deployed = {
    databaseIds,
    jurisdiction: jurisdictionOf(work),
    plan: planOf(work),
    domain: work.wishes.domain,
    attached,
  };
  writeFileSync(file, JSON.stringify(configurationOf(work.settings, work.instance, deployed, FOLDER), null, 2));
  return file;
}
