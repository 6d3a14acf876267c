/** Sends the demo's events to an instance: present ones one by one, past ones in batches. */
import { parseRetryAfter } from "../../pixel/client/answer.ts";
import { send as sendBatch } from "../import/send.ts";
import { between } from "./chance.ts";
import type { Hit } from "./people.ts";

export type Outcome = { accepted: number; rejected: number; unavailable: number };
export type Target = { url: string; project: string; key: string | undefined };

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** For how long one event is tried: long enough to start a server again. */
const PATIENCE_MS = 600_000;

type Wait = (ms: number) => Promise<void>;
const sleep: Wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** Tries again where an instance cannot accept an event now. By its id, an event counts only once. */
async function deliver(request: () => Promise<Response>, wait: Wait): Promise<Outcome> {
  for (let waited = 0, longest = FIRST_MS; ; longest = Math.min(LONGEST_MS, longest * 2)) {
    const answer = await request().catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return { accepted: 1, rejected: 0, unavailable: 0 };
    if (answer && answer.status < 429 && answer.status >= 400) return { accepted: 0, rejected: 1, unavailable: 0 };
    if (waited >= PATIENCE_MS) return { accepted: 0, rejected: 0, unavailable: 1 };
    const asked = parseRetryAfter(answer?.headers.get("retry-after") ?? null, Date.now());
    const pause = Math.max(asked, longest * between(0.5, 1));
    await wait(pause);
    waited += pause;
  }
}

function sendPixel(
  { url, project }: Target,
  { agent, fields }: Hit,
  timestamp: number | undefined,
  wait: Wait,
): Promise<Outcome> {
  const { event_type, ...others } = fields;
  const query = new URLSearchParams({ project_id: project });
  for (const [name, value] of Object.entries({ ...others, timestamp }))
    if (value !== undefined) query.set(name, String(value));
  return deliver(() => fetch(`${url}/pixel/${event_type}?${query}`, { headers: { "user-agent": agent } }), wait);
}

/** A present event is sent without a timestamp: the server's time is better than this machine's. */
export function sendNow(target: Target, hit: Hit, wait: Wait = sleep): Promise<Outcome> {
  if (hit.by === "pixel") return sendPixel(target, hit, undefined, wait);
  const headers = { authorization: `Bearer ${target.key}`, "content-type": "application/json" };
  const body = JSON.stringify({ ...hit.fields, project_id: target.project });
  return deliver(() => fetch(`${target.url}/api/v1/events`, { method: "POST", headers, body }), wait);
}

/** Sends past events. With an administrator's key they are imported, with the country and the device of each person. */
export async function sendPast(target: Target, hits: readonly Hit[]): Promise<Outcome> {
  const { url, project, key } = target;
  const all: Outcome = { accepted: 0, rejected: 0, unavailable: 0 };
  if (key === undefined) {
    for (const hit of hits) {
      const one = await sendPixel(target, hit, hit.at, sleep);
      for (const name of Object.keys(all) as (keyof Outcome)[]) all[name] += one[name];
    }
    return all;
  }
  const events = hits.map(({ at, agent, country, network, fields }) =>
    JSON.stringify({ ...fields, timestamp: at, user_agent: agent, country, source_ip: network }),
  );
  const errors = await sendBatch({ url, key, project }, events);
  for (const error of errors) all[error === null ? "accepted" : "rejected"]++;
  return all;
}
