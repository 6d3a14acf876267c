/**
 * `npm run restore`: restores databases that were lost and migrated again from the archive in the bucket, one after the other, step
 * by step. It can be stopped and run again. docs/restore.md describes the drill.
 */
import type { Restored } from "../worker/event-log/restore.ts";
import { ask, refusal } from "./ask.ts";
import { readCommand, run, URL_OPTION } from "./command.ts";
import { type Instance, instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";
import { shardsAt } from "./shards.ts";

const TRIES = 20;

const { values } = readCommand({
  name: "npm run restore",
  help: "Restores a database that was lost, and migrated again, from the archive; docs/restore.md has the drill.",
  options: {
    ...URL_OPTION,
    shard: { value: "NAME", help: "this database alone, where the instance has several; `main` is the first" },
  },
});

/** The database needs no restore, or has none to be made from. */
class NothingToRestore extends Error {}

/** A temporary failure is tried again, a refusal is not. */
async function step(instance: Instance, shard: string | null): Promise<Restored> {
  const answer = await ask(instance, "POST", `archive/restore${shard === null ? "" : `?shard=${shard}`}`, TRIES);
  if (answer.status === 200) return JSON.parse(answer.bytes.toString()) as Restored;
  const reason = refusal(answer);
  throw /nothing to restore|holds no archive/.test(reason) ? new NothingToRestore(reason) : new Error(reason);
}

/** `shard` is null where the instance has one database. */
async function restoreOne(instance: Instance, shard: string | null): Promise<void> {
  const named = shard === null ? "" : `Shard ${shard}: `;
  let now = await step(instance, shard);
  const began = Date.now();
  const bar = showProgress(() => ({
    share: now.phase === "done" ? 1 : now.rows_done / (now.rows_total || 1),
    text: `${named}${now.phase}: ${now.rows_done.toLocaleString("en")} of ${now.rows_total.toLocaleString("en")} events, ${now.files_done} of ${now.files_total} files`,
  }));
  try {
    while (now.phase !== "done") now = await step(instance, shard);
  } finally {
    bar.end();
  }
  const seconds = Math.round((Date.now() - began) / 1_000);
  console.log(`${named}The log is whole: ${now.rows_done.toLocaleString("en")} events of ${now.files_done} files, as many as the
manifest says, each file as it was written (SHA-256). It took ${seconds} s. The figures follow: GET /api/v1/projections${shard === null ? "" : `?shard=${shard}`}`);
}

async function restoreAll(): Promise<void> {
  const instance = instanceAt(values.url);
  const all = await shardsAt(instance, TRIES);
  if (values.shard !== undefined && !all.includes(values.shard))
    throw new Error(`The instance has no shard ${values.shard}. It has ${all.join(", ")}.`);
  if (values.shard !== undefined || all.length === 1) return restoreOne(instance, values.shard ?? null);
  // `main` first: it has the keys, and knows which project is on which shard.
  for (const shard of all) {
    try {
      await restoreOne(instance, shard);
    } catch (error) {
      if (!(error instanceof NothingToRestore)) throw new Error(`Shard ${shard}: ${(error as Error).message}`);
      console.log(`Shard ${shard}: ${error.message}`);
    }
  }
}

await run(restoreAll, () => "Run it again to go on.");
