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
import { expose, type Sample } from "./families.ts";
import { PARTS, type Scrape } from "./parts.ts";

export const scrapeQuery = z.strictObject({ project_id: projectId.optional() });

/** A part that fails is reported as down; the other parts are still shown. */
async function read(scrape: Scrape): Promise<Sample[]> {
  const parts = await Promise.all(
    Object.entries(PARTS).map(async ([part, ask]): Promise<Sample[]> => {
      const up = (value: 0 | 1): Sample => ({ family: "edgepixel_up", labels: { part }, value });
      try {
        return [up(1), ...(await ask(scrape))];
      } catch (error) {
        log("error", "part failing", { part, error: String(error) });
        return [up(0)];
      }
    }),
  );
  return parts.flat();
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
    const text = expose(await read({ env: c.env, db: databaseOf(c.env), project_id, now: Date.now() }));
    return c.body(text, 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
    });
  },
);
