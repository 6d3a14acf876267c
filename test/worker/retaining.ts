/** Runs the steps of only one class of retention, to their end. */
import { env } from "cloudflare:workers";
import { sweepEvents } from "../../worker/retention/events.ts";
import { type End, keepingProjects, Place, type Steps, type Work } from "../../worker/retention/keeping.ts";
import { settle } from "../../worker/retention/settle.ts";
import { db } from "./log.ts";

async function all(name: string, now: number, make: (work: Work, text: string | null) => Steps): Promise<End> {
  const text = await env.DB.prepare("SELECT place FROM retention_places WHERE class = ?")
    .bind(name)
    .first<string>("place");
  const steps = make({ env, db, now, keeping: await keepingProjects(db) }, text);
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
  }
}

export const settling = (now: number) => all("settled", now, (work, text) => settle(work, new Place("settled", text)));
export const sweeping = (now: number) =>
  all("events", now, (work, text) => sweepEvents(work, new Place("events", text)));
