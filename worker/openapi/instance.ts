/** The OpenAPI operations about the instance itself. */
import * as z from "zod";
import { json, type Operation } from "../http/operation.ts";
import { scrapeQuery } from "../monitor/metrics.ts";
import { health } from "./answers.ts";

const open = { tag: "Instance", method: "get", role: null } as const;

export const instanceOperations: Operation[] = [
  {
    id: "scrape",
    tag: "Instance",
    method: "get",
    path: "/metrics",
    summary: "Metrics for Prometheus",
    description: "A key of one project sees that project; a key of all sees the instance, too.",
    role: "viewer",
    query: scrapeQuery,
    answers: { 200: { description: "Text, version 0.0.4.", content: { "text/plain": z.string() } } },
  },
  {
    ...open,
    id: "getHealth",
    path: "/health",
    summary: "Whether each part works",
    description:
      "For a load balancer or an uptime check: each dependency, and how far each projection is behind. Exchange rates do not change the status.",
    answers: {
      200: { description: "All is well.", content: json(health) },
      503: {
        description: "Something fails, or events wait for a projection two minutes longer than it lets them gather.",
        content: json(health),
      },
    },
  },
  {
    ...open,
    id: "getDocument",
    path: "/openapi.json",
    summary: "This document",
    description: "Made from the schemas by which the routes themselves read their input.",
    answers: { 200: { description: "OpenAPI 3.1.", content: json(z.record(z.string(), z.unknown())) } },
  },
];
