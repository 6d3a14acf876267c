/**
 * `npm run restore`: restores a database that was lost and migrated again from the archive in the bucket, step by step.
 * It can be stopped and run again. docs/restore.md describes the drill.
 */
import type { Restored } from "../worker/event-log/restore.ts";
import { ask, refusal } from "./ask.ts";
import { readCommand, run, URL_OPTION } from "./command.ts";
import { type Instance, instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";

const TRIES = 20;

const { values } = readCommand({
  name: "npm run restore",
  help: "Restores a database that was lost, and migrated again, from the archive; docs/restore.md has the drill.",
  options: URL_OPTION,
});

/** A temporary failure is tried again, a refusal is not. */
async function step(instance: Instance): Promise<Restored> {
  const answer = await ask(instance, "POST", "archive/restore", TRIES);
  if (answer.status !== 200) throw new Error(refusal(answer));
  return JSON.parse(answer.bytes.toString()) as Restored;
}

async function restoreAll(): Promise<void> {
  const instance = instanceAt(values.url);
  let now = await step(instance);
  const began = Date.now();
  const bar = showProgress(() => ({
    share: now.phase === "done" ? 1 : now.rows_done / (now.rows_total || 1),
    text: `${now.phase}: ${now.rows_done.toLocaleString("en")} of ${now.rows_total.toLocaleString("en")} events, ${now.files_done} of ${now.files_total} files`,
  }));
  try {
    while (now.phase !== "done") now = await step(instance);
  } finally {
    bar.end();
  }
  const seconds = Math.round((Date.now() - began) / 1_000);
  console.log(`The log is whole: ${now.rows_done.toLocaleString("en")} events of ${now.files_done} files, as many as the
manifest says, each file as it was written (SHA-256). It took ${seconds} s. The figures follow: GET /api/v1/projections`);
}

await run(restoreAll, () => "Run it again to go on.");
