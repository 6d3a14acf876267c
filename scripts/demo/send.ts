/** How the demo's hits reach an instance: one by one as they happen, and in batches what lies in the past. */
import { send as sendBatch } from "../import/send.ts";
import type { Hit } from "./people.ts";

export type Outcome = { accepted: number; rejected: number; unavailable: number };
export type Target = { url: string; project: string; key: string | undefined };

const TRIES = 5;

/** Tries again where an instance cannot take it now; the event's id keeps it from counting twice. */
async function deliver(request: () => Promise<Response>): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const answer = await request().catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return { accepted: 1, rejected: 0, unavailable: 0 };
    if (answer && answer.status < 429 && answer.status >= 400) return { accepted: 0, rejected: 1, unavailable: 0 };
    if (attempt === TRIES) return { accepted: 0, rejected: 0, unavailable: 1 };
    await new Promise((done) => setTimeout(done, 1_000 * Number(answer?.headers.get("retry-after") ?? 1)));
  }
}

function sendPixel({ url, project }: Target, { agent, fields }: Hit, timestamp: number | undefined): Promise<Outcome> {
  const { event_type, ...others } = fields;
  const query = new URLSearchParams({ project_id: project });
  for (const [name, value] of Object.entries({ ...others, timestamp }))
    if (value !== undefined) query.set(name, String(value));
  return deliver(() => fetch(`${url}/pixel/${event_type}?${query}`, { headers: { "user-agent": agent } }));
}

/** What happens at this moment has no timestamp: the server's own is the best. */
export function sendNow(target: Target, hit: Hit): Promise<Outcome> {
  if (hit.by === "pixel") return sendPixel(target, hit, undefined);
  const headers = { authorization: `Bearer ${target.key}`, "content-type": "application/json" };
  const body = JSON.stringify({ ...hit.fields, project_id: target.project });
  return deliver(() => fetch(`${target.url}/api/v1/events`, { method: "POST", headers, body }));
}

/** What has happened. An administrator's key takes all of it at once, and with it where each person is and by what device. */
export async function sendPast(target: Target, hits: readonly Hit[]): Promise<Outcome> {
  const { url, project, key } = target;
  const all: Outcome = { accepted: 0, rejected: 0, unavailable: 0 };
  if (key === undefined) {
    for (const hit of hits) {
      const one = await sendPixel(target, hit, hit.at);
      for (const name of Object.keys(all) as (keyof Outcome)[]) all[name] += one[name];
    }
    return all;
  }
  const events = hits.map(({ at, agent, country, fields }) =>
    JSON.stringify({ ...fields, timestamp: at, user_agent: agent, country }),
  );
  const errors = await sendBatch({ url, key, project }, events);
  for (const error of errors) all[error === null ? "accepted" : "rejected"]++;
  return all;
}
