/**
 * `npm run restore`: brings a database that was lost, and migrated anew, back from the archive in the bucket, step by
 * step. It can be stopped and run again. docs/restore.md has the drill.
 */
import { parseArgs } from "node:util";
import { parseRetryAfter } from "../pixel/client/answer.ts";
import type { Restored } from "../worker/event-log/restore.ts";
import { DEFAULT_URL, instanceAt } from "./instance.ts";
import { showProgress } from "./progress.ts";

const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const TRIES = 20;

const { values } = parseArgs({ options: { url: { type: "string", default: DEFAULT_URL } } });

type Answer = { status: number; pause: number; body: Partial<Restored> & { detail?: string } };

async function ask(url: string, key: string): Promise<Answer> {
  try {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${url}/api/v1/archive/restore`, { method: "POST", headers });
    const pause = parseRetryAfter(answer.headers.get("retry-after"), Date.now());
    return { status: answer.status, pause, body: (await answer.json()) as Answer["body"] };
  } catch (error) {
    return { status: 0, pause: 0, body: { detail: String(error) } };
  }
}

/** One step; what fails for a while is asked for again, what is refused is not. */
async function step(url: string, key: string): Promise<Restored> {
  for (let attempt = 1; ; attempt++) {
    const { status, pause, body } = await ask(url, key);
    if (status === 200) return body as Restored;
    const refused = status >= 400 && status < 500 && status !== 429;
    if (refused || attempt === TRIES) throw new Error(body.detail ?? `status ${status}`);
    const wait = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (attempt - 1));
    await new Promise((done) => setTimeout(done, Math.max(wait, pause)));
  }
}

async function run(): Promise<void> {
  const { url, key } = instanceAt(values.url);
  let now = await step(url, key);
  const began = Date.now();
  const bar = showProgress(() => ({
    share: now.phase === "done" ? 1 : now.rows_done / (now.rows_total || 1),
    text: `${now.phase}: ${now.rows_done.toLocaleString("en")} of ${now.rows_total.toLocaleString("en")} events, ${now.files_done} of ${now.files_total} files`,
  }));
  try {
    while (now.phase !== "done") now = await step(url, key);
  } finally {
    bar.end();
  }
  const seconds = Math.round((Date.now() - began) / 1_000);
  console.log(`The log is whole: ${now.rows_done.toLocaleString("en")} events of ${now.files_done} files, as many as the
manifest says, each file as it was written (SHA-256). It took ${seconds} s. The figures follow: GET /api/v1/projections`);
}

await run().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : error}\nRun it again to go on.`);
  process.exit(1);
});
