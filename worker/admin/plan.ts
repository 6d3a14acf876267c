/** How much of what Cloudflare's plan allows the instance uses. */
import * as z from "zod";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { LIMITED, planUse } from "../meter/plan-use.ts";
import { route } from "./route.ts";

const use = z
  .object({
    what: z.enum(LIMITED),
    used: z.number().describe("Megabytes, or requests or queue operations since midnight UTC."),
    allowed: z.number(),
    percent: z.number(),
  })
  .meta({ id: "PlanUse" });
export type PlanUseView = z.output<typeof use>;

export const planRoutes = [
  route(
    {
      id: "showPlanUse",
      method: "get",
      path: "/plan",
      on: "each",
      tag: "Administration",
      role: "admin",
      everywhere: "The plan is of the whole instance: it needs a key for all projects.",
      summary: "How much of what the plan allows is used",
      description:
        "The size of the database; on the free plan also the day's requests and queue operations, as the instance has counted them " +
        "since midnight UTC. What the plan has no limit of is not there.",
      answers: { 200: { description: "What is limited.", content: json(rows(use)) } },
    },
    async ({ env, db, now }) => ({ rows: await planUse(env, db, now) }),
  ),
] as const;
