/** `GET /metrics`, which Prometheus scrapes. */
import { Hono } from "hono";
import * as z from "zod";
import { projectId } from "../event.ts";
import { atLeast, notShared, reaches } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { log } from "../log.ts";
import { databaseOf } from "../store/database.ts";
import { shardsOfProjects } from "../store/placements.ts";
import { everyShard, MAIN, onShard, shardOf, shardsOf } from "../store/shards.ts";
import { expose, type Sample } from "./families.ts";
import { PARTS_OF_ALL, PARTS_OF_SHARDS, type Part, type Scrape } from "./parts.ts";

export const scrapeQuery = z.strictObject({ project_id: projectId.optional() });

/** A part that fails is reported as down; the other parts are still shown. */
const readAll = async (parts: Record<string, Part>, scrape: Scrape): Promise<Sample[]> =>
  (
    await Promise.all(
      Object.entries(parts).map(async ([part, ask]): Promise<Sample[]> => {
        const up = (value: 0 | 1): Sample => ({ family: "edgepixel_up", labels: { part }, value });
        try {
          return [up(1), ...(await ask(scrape))];
        } catch (error) {
          log("error", "part failing", { part, shard: scrape.db.shard, error: String(error) });
          return [up(0)];
        }
      }),
    )
  ).flat();

/** What a shard says has its name as a label, where there are several shards: samples of projections have no project. */
async function readShard(env: Env, project_id: string | null, now: number): Promise<Sample[]> {
  const samples = await readAll(PARTS_OF_SHARDS, { env, db: databaseOf(env), project_id, now });
  if (shardsOf(env).length === 1) return samples;
  return samples.map((sample) => ({ ...sample, labels: { ...sample.labels, shard: shardOf(env) } }));
}

async function read(env: Env, project_id: string | null, now: number): Promise<Sample[]> {
  const shards =
    project_id === null
      ? everyShard(env)
      : [onShard(env, (await shardsOfProjects(env, [project_id], now)).get(project_id) ?? MAIN)];
  const samples = await Promise.all([
    readAll(PARTS_OF_ALL, { env, db: databaseOf(env), project_id, now }),
    ...shards.map((shard) => readShard(shard, project_id, now)),
  ]);
  return samples.flat();
}

export const scrapeRoutes = new Hono<App>().get(
  "/metrics",
  atLeast("viewer"),
  notShared,
  parameters(scrapeQuery),
  async (c) => {
    const { principal } = c.var;
    if (principal.banner_tags !== null) throw new Problem(403, "This key is limited to its banner tags.");
    const { project_id = principal.project_id } = c.req.valid("query");
    if (!reaches(principal, project_id)) throw new Problem(403, "This key belongs to another project.");
    const text = expose(await read(c.env, project_id, Date.now()));
    return c.body(text, 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
    });
  },
);
