/** Loads the golden events as the product does, and compares its answers with the reference's. */
import { env, SELF } from "cloudflare:test";
import { expect } from "vitest";
import { append } from "../../worker/event-log/append.ts";
import { ADMIN, makeApiKey } from "../worker/keys.ts";
import { createProject, db, settle, step, TABLES } from "../worker/log.ts";
import { ARRIVALS, type Arrival } from "./arrivals.ts";
import { chance } from "./chance.ts";
import { PROJECTS } from "./projects.ts";
import { LIMITED_TO, questions } from "./questions.ts";

/** Batch after batch, while the projections take steps of any length at any time. */
export async function load(arrival: Arrival): Promise<void> {
  for (const { project_id, ...settings } of PROJECTS) await createProject(project_id, settings);
  const { happens, pick, whole } = chance(4);
  for (const batch of ARRIVALS[arrival]()) {
    await append(db, batch);
    while (happens(0.5)) await step(pick(TABLES), whole(1, 5_000));
  }
  await settle(TABLES);
}

async function expected(arrival: Arrival, address: string, tags: string[] | null): Promise<unknown> {
  const response = await env.REFERENCE.fetch("https://reference.example", {
    method: "POST",
    body: JSON.stringify({ arrival, address, tags }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Every answer, whole, for each project; with the administrator's key and with one that is limited to some tags. */
export async function expectEveryFigure(arrival: Arrival): Promise<void> {
  for (const project of PROJECTS) {
    const { project_id } = project;
    const limited = await makeApiKey({ role: "viewer", project_id, banner_tags: LIMITED_TO });
    for (const tags of [null, LIMITED_TO]) {
      const headers = tags === null ? ADMIN : { authorization: `Bearer ${limited}` };
      for (const address of questions(project, tags !== null)) {
        const response = await SELF.fetch(`https://golden.example${address}`, { headers });
        const answer = await response.json();
        expect.soft(answer, `${address} for ${tags ?? "all tags"}`).toEqual(await expected(arrival, address, tags));
      }
    }
  }
}
