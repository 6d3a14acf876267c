/** Sends batches to the server, and again where that fails: a batch counts once, even if it arrives several times. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { judge } from "../../pixel/client/answer.ts";
import type { FieldError } from "../../worker/event.ts";
import type { Instance } from "../instance.ts";

export type Target = Instance & { project: string };

/** Thrown where the import must stop. */
export class Stopped extends Error {}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const ANSWER_MS = 60_000;
/** For how long one batch is tried. */
const PATIENCE_MS = 600_000;
const pack = promisify(gzip);

const headersOf = ({ key }: Target) => ({ authorization: `Bearer ${key}`, "content-type": "application/json" });

/** The errors of each event, by its index; null where it was accepted. */
export async function send(target: Target, events: readonly string[]): Promise<(FieldError[] | null)[]> {
  const url = `${target.url}/api/v1/import?project_id=${encodeURIComponent(target.project)}`;
  const body = await pack(`{"events":[${events}]}`);
  const headers = { ...headersOf(target), "content-encoding": "gzip" };
  const since = Date.now();
  for (let wait = FIRST_MS; ; wait = Math.min(LONGEST_MS, wait * 2)) {
    const { status, retryAfter, text } = await post(url, headers, body);
    const outcome = judge(status, retryAfter, text, events.length, Date.now());
    if (outcome.kind === "judged") return outcome.errors as (FieldError[] | null)[];
    if (outcome.kind === "too large") throw new Stopped("The server says that a batch is too large.");
    if (outcome.kind === "refused") throw new Stopped(`The server refuses: ${outcome.errors[0]?.message}`);
    if (Date.now() - since > PATIENCE_MS)
      throw new Stopped(
        `The server has not taken a batch for ${PATIENCE_MS / 60_000} minutes (status ${status || "none"}).`,
      );
    await new Promise((done) => setTimeout(done, Math.max(outcome.after, wait * (0.5 + Math.random() / 2))));
  }
}

async function post(url: string, headers: Record<string, string>, body: Buffer) {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), signal });
    return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text: await answer.text() };
  } catch {
    return { status: 599, retryAfter: null, text: "" };
  }
}

/** Checks, before anything is sent, whether the key may import, and finds the project where none is named. */
export async function reach({ url, key }: Instance, named: string | undefined): Promise<Target & { timezone: string }> {
  const ask = async (path: string) => {
    const answer = await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${key}` } }).catch(() => {
      throw new Stopped(`Nothing answers at ${url}. Start it with npm start, or name another with --url.`);
    });
    return {
      status: answer.status,
      body: (await answer.json().catch(() => ({}))) as {
        role?: string;
        project_id?: string;
        timezone?: string;
        detail?: string;
      },
    };
  };
  const { status, body } = await ask("session");
  if (status === 401) throw new Stopped(`${url} does not know this key.`);
  if (status !== 200 || body.role !== "admin") throw new Stopped("An import needs a key with the role admin.");
  const project = named ?? body.project_id ?? "default";
  const found = await ask(`projects/${encodeURIComponent(project)}`);
  if (found.status !== 200) throw new Stopped(`${project}: ${found.body.detail ?? `status ${found.status}`}`);
  return { url, key, project, timezone: found.body.timezone ?? "UTC" };
}
